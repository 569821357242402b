using System.Buffers.Binary;
using System.IO.Compression;
using EduVision.Training.Fonts;
using EduVision.Training.Problems;
using EduVision.Training.Rendering;
using SkiaSharp;

namespace EduVision.Training.Tests.Rendering;

public sealed class AssetTests
{
    [Fact]
    public void Ink_comes_back_from_its_file_as_it_was_written()
    {
        var assets = TestInk.Make(samples: true);
        Assert.Equal(["bars", "flats", "han-bars", "han-flats"], assets.Hands.Select(hand => hand.Name));
        Assert.Equal([false, true, false, true], assets.Hands.Select(hand => hand.HeldOut));
        Assert.Equal(new SKRect(201, -699, 261, 0), assets.Hands[0].Find('5')!.Bounds);
        Assert.Equal(10, assets.SampledSymbols.Count);
        Assert.Equal(TestInk.Characters.Length, assets.HanCoverage.Count);
        Assert.Equal(TestInk.Characters.Length + 1, assets.HeldOutHanCoverage.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(60)]
    public void A_cut_file_names_itself(int length)
    {
        var path = Path.Combine(Path.GetTempPath(), $"ink-{Guid.NewGuid():N}.bin");
        try
        {
            AssetFile.Write(path, [new Hand("a", HandStyle.Latin, false, new() { ['1'] = TestInk.Block(0, 0, 99, 99) })], [], new Dictionary<int, int>());
            var whole = File.ReadAllBytes(path);
            File.WriteAllBytes(path, whole[..Math.Min(length, whole.Length - 5)]);
            Assert.Contains(path, Assert.Throws<InvalidDataException>(() => InkAssets.Load(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Nib_of_a_long_bar_is_its_width() => Assert.Equal(60f, TestInk.Block(0, -6000, 60, 0).Nib, 1f);

    [Fact]
    public void Woff_gives_back_compressed_and_stored_tables()
    {
        byte[] plain = [.. Enumerable.Repeat((byte)7, 301)], stored = [1, 2, 3];
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(plain);
        var woff = Woff([("glyf", packed.ToArray(), plain.Length), ("head", stored, stored.Length)]);

        var sfnt = WoffDecoder.Decode(woff);

        Assert.Equal(0x00010000u, BinaryPrimitives.ReadUInt32BigEndian(sfnt));
        Assert.Equal(2, BinaryPrimitives.ReadUInt16BigEndian(sfnt.AsSpan(4)));
        Assert.Equal(plain, Table(sfnt, 0));
        Assert.Equal(stored, Table(sfnt, 1));
        Assert.Throws<InvalidDataException>(() => WoffDecoder.Decode(woff.AsSpan(0, woff.Length - packed.ToArray().Length)));
        Assert.Throws<InvalidDataException>(() => WoffDecoder.Decode("wOF2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"u8));
    }

    [Fact]
    public void A_traced_ring_has_its_area_and_its_hole()
    {
        var file = Path.Combine(Path.GetTempPath(), $"ring-{Guid.NewGuid():N}.png");
        try
        {
            using (var bitmap = new SKBitmap(28, 28, SKColorType.Gray8, SKAlphaType.Opaque))
            using (var canvas = new SKCanvas(bitmap))
            using (var pen = new SKPaint { IsAntialias = true, Style = SKPaintStyle.Stroke, StrokeWidth = 4, Color = SKColors.Black })
            {
                canvas.Clear(SKColors.White);
                canvas.DrawCircle(14, 14, 9, pen);
                using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
                File.WriteAllBytes(file, data.ToArray());
            }
            using var path = SymbolTracer.Trace(file);
            Assert.NotNull(path);
            var bounds = path.TightBounds;
            Assert.Equal(22f, bounds.Width, 0.6f);
            Assert.Equal(22f, bounds.Height, 0.6f);
            // The tracer adds a border of two pixels and counts from pixel centres.
            Assert.False(path.Contains(15.5f, 15.5f));
            Assert.True(path.Contains(15.5f + 9f, 15.5f));
            Assert.True(path.Contains(15.5f, 15.5f - 9f));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void An_empty_scan_has_no_outline()
    {
        var file = Path.Combine(Path.GetTempPath(), $"empty-{Guid.NewGuid():N}.png");
        try
        {
            using var bitmap = new SKBitmap(28, 28, SKColorType.Gray8, SKAlphaType.Opaque);
            bitmap.Erase(SKColors.White);
            using (var data = bitmap.Encode(SKEncodedImageFormat.Png, 100)) File.WriteAllBytes(file, data.ToArray());
            Assert.Null(SymbolTracer.Trace(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_packed_assets_write_every_symbol_in_many_hands()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "..", "data", "assets.bin");
        Assert.SkipUnless(File.Exists(path), "data/assets.bin has not been made (the `assets` command makes it).");
        var assets = InkAssets.Load(path);
        foreach (var symbol in "0123456789abcdefghijklmnopqrstuvwxyz+-=()/.,")
        {
            var hands = assets.Hands.Where(hand => hand.Style == HandStyle.Latin && hand.Has(symbol)).ToArray();
            Assert.True(hands.Count(hand => !hand.HeldOut) >= 40, $"{symbol}: {hands.Length} hands");
            Assert.True(hands.Count(hand => hand.HeldOut) >= 3, $"{symbol}: too few held-out hands");
            Assert.All(hands, hand => Assert.True(hand.Find(symbol)!.Bounds is { Width: > 10, Height: > 10 }, $"{hand.Name} draws {symbol} without ink"));
        }
        Assert.All(CharacterList.Common, character =>
        {
            Assert.True(assets.HanCoverage.GetValueOrDefault(character) >= 8, $"{character}: too few hands");
            Assert.True(assets.HeldOutHanCoverage.ContainsKey(character), $"{character}: no held-out hand");
        });
        Assert.All("0123456789", digit => Assert.Contains(digit.ToString(), assets.SampledSymbols));
    }

    private static byte[] Table(byte[] sfnt, int index)
    {
        var entry = sfnt.AsSpan(12 + index * 16);
        return sfnt.AsSpan(BinaryPrimitives.ReadInt32BigEndian(entry[8..]), BinaryPrimitives.ReadInt32BigEndian(entry[12..])).ToArray();
    }

    private static byte[] Woff((string Tag, byte[] Bytes, int Length)[] tables)
    {
        var at = 44 + 20 * tables.Length;
        var woff = new byte[at + tables.Sum(table => table.Bytes.Length)];
        "wOFF"u8.CopyTo(woff);
        BinaryPrimitives.WriteUInt32BigEndian(woff.AsSpan(4), 0x00010000);
        BinaryPrimitives.WriteUInt16BigEndian(woff.AsSpan(12), (ushort)tables.Length);
        for (var i = 0; i < tables.Length; i++)
        {
            var entry = woff.AsSpan(44 + 20 * i);
            System.Text.Encoding.ASCII.GetBytes(tables[i].Tag, entry);
            BinaryPrimitives.WriteInt32BigEndian(entry[4..], at);
            BinaryPrimitives.WriteInt32BigEndian(entry[8..], tables[i].Bytes.Length);
            BinaryPrimitives.WriteInt32BigEndian(entry[12..], tables[i].Length);
            tables[i].Bytes.CopyTo(woff.AsSpan(at));
            at += tables[i].Bytes.Length;
        }
        return woff;
    }
}
