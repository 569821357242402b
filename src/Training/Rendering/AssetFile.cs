using System.IO.Compression;
using System.Text;

namespace EduVision.Training.Rendering;

/// <summary>One class of real handwritten symbols with its training and held-out samples.</summary>
internal sealed record SampleSet(string Latex, Outline[] Training, Outline[] HeldOut);

/// <summary>
/// The packed ink: <c>EVINK2</c>, then one Brotli stream with three parts (text and counts, verbs, coordinates as zigzag
/// varints of differences), kept apart because each compresses best among its own kind.
/// </summary>
internal static class AssetFile
{
    // Coordinates are kept to three units: a fifth of a pixel at the size of a usual photo, and most differences fit a byte.
    private const int Grid = 3;

    private static readonly byte[] Magic = "EVINK2"u8.ToArray();

    public static void Write(string path, IReadOnlyList<Hand> hands, IReadOnlyList<SampleSet> samples, IReadOnlyDictionary<int, int> traditional)
    {
        using var index = new MemoryStream();
        using var verbs = new MemoryStream();
        using var coordinates = new MemoryStream();
        using (var writer = new BinaryWriter(index, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write7BitEncodedInt(hands.Count);
            foreach (var hand in hands)
            {
                writer.Write(hand.Name);
                writer.Write((byte)hand.Style);
                writer.Write(hand.HeldOut);
                writer.Write(hand.IsStroked);
                writer.Write7BitEncodedInt(hand.CodePoints.Count);
                foreach (var codePoint in hand.CodePoints.Order())
                {
                    writer.Write7BitEncodedInt(codePoint);
                    Append(writer, verbs, coordinates, hand.Find(codePoint)!);
                }
            }
            writer.Write7BitEncodedInt(samples.Count);
            foreach (var set in samples)
            {
                writer.Write(set.Latex);
                foreach (var group in (Outline[][])[set.Training, set.HeldOut])
                {
                    writer.Write7BitEncodedInt(group.Length);
                    foreach (var outline in group) Append(writer, verbs, coordinates, outline);
                }
            }
            writer.Write7BitEncodedInt(traditional.Count);
            foreach (var (simplified, form) in traditional.OrderBy(pair => pair.Key))
            {
                writer.Write7BitEncodedInt(simplified);
                writer.Write7BitEncodedInt(form);
            }
        }
        var temporary = path + ".part";
        using (var file = File.Create(temporary))
        {
            file.Write(Magic);
            using var brotli = new BrotliStream(file, CompressionLevel.SmallestSize);
            foreach (var part in (MemoryStream[])[index, verbs, coordinates])
            {
                brotli.Write(BitConverter.GetBytes((int)part.Length));
                part.Position = 0;
                part.CopyTo(brotli);
            }
        }
        File.Move(temporary, path, overwrite: true);
    }

    public static (List<Hand> Hands, List<SampleSet> Samples, Dictionary<int, int> Traditional) Read(string path)
    {
        using var file = File.OpenRead(path);
        var magic = new byte[Magic.Length];
        if (file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) != magic.Length || !magic.AsSpan().SequenceEqual(Magic))
            throw new InvalidDataException($"{path} is not an ink asset file. Make one with the `assets` command.");
        try
        {
            using var brotli = new BrotliStream(file, CompressionMode.Decompress);
            using var index = new BinaryReader(new MemoryStream(Part(brotli)), Encoding.UTF8);
            var source = new OutlineSource(Part(brotli), Part(brotli));
            var hands = new List<Hand>();
            for (var i = index.Read7BitEncodedInt(); i > 0; i--)
            {
                var name = index.ReadString();
                var style = (HandStyle)index.ReadByte();
                var (heldOut, isStroked) = (index.ReadBoolean(), index.ReadBoolean());
                var outlines = new Dictionary<int, Outline>();
                for (var k = index.Read7BitEncodedInt(); k > 0; k--) outlines.Add(index.Read7BitEncodedInt(), source.Next(index));
                hands.Add(new Hand(name, style, heldOut, outlines, isStroked));
            }
            var samples = new List<SampleSet>();
            for (var i = index.Read7BitEncodedInt(); i > 0; i--)
                samples.Add(new SampleSet(index.ReadString(), Group(index, source), Group(index, source)));
            var traditional = new Dictionary<int, int>();
            for (var i = index.Read7BitEncodedInt(); i > 0; i--) traditional.Add(index.Read7BitEncodedInt(), index.Read7BitEncodedInt());
            return (hands, samples, traditional);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException or IndexOutOfRangeException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} is damaged: {e.Message} Make it again with the `assets` command.", e);
        }
    }

    private static Outline[] Group(BinaryReader index, OutlineSource source)
    {
        var group = new Outline[index.Read7BitEncodedInt()];
        for (var i = 0; i < group.Length; i++) group[i] = source.Next(index);
        return group;
    }

    private static byte[] Part(Stream stream)
    {
        var length = new byte[4];
        stream.ReadExactly(length);
        var part = new byte[BitConverter.ToInt32(length)];
        stream.ReadExactly(part);
        return part;
    }

    private static void Append(BinaryWriter index, MemoryStream verbs, MemoryStream coordinates, Outline outline)
    {
        index.Write7BitEncodedInt(outline.Verbs.Length);
        foreach (var verb in outline.Verbs) verbs.WriteByte((byte)verb);
        int x = 0, y = 0;
        for (var i = 0; i < outline.Coordinates.Length; i += 2)
        {
            var (nextX, nextY) = (ToGrid(outline.Coordinates[i]), ToGrid(outline.Coordinates[i + 1]));
            Zigzag(coordinates, nextX - x);
            Zigzag(coordinates, nextY - y);
            (x, y) = (nextX, nextY);
        }
    }

    private static int ToGrid(short value) => (int)MathF.Round(value / (float)Grid);

    private static void Zigzag(MemoryStream stream, int value)
    {
        var bits = (uint)((value << 1) ^ (value >> 31));
        for (; bits >= 0x80; bits >>= 7) stream.WriteByte((byte)(bits | 0x80));
        stream.WriteByte((byte)bits);
    }

    private sealed class OutlineSource(byte[] verbs, byte[] coordinates)
    {
        private int _verb, _coordinate;

        public Outline Next(BinaryReader index)
        {
            var own = new OutlineVerb[index.Read7BitEncodedInt()];
            var points = 0;
            for (var i = 0; i < own.Length; i++)
            {
                own[i] = (OutlineVerb)verbs[_verb++];
                points += own[i] switch { OutlineVerb.Move => 1, OutlineVerb.Close => 0, _ => (int)own[i] };
            }
            var values = new short[points * 2];
            int x = 0, y = 0;
            for (var i = 0; i < values.Length; i += 2)
            {
                values[i] = (short)(Grid * (x += Unzigzag()));
                values[i + 1] = (short)(Grid * (y += Unzigzag()));
            }
            return new Outline(own, values);
        }

        private int Unzigzag()
        {
            uint bits = 0;
            for (var shift = 0; ; shift += 7)
            {
                var b = coordinates[_coordinate++];
                bits |= (uint)(b & 0x7F) << shift;
                if (b < 0x80) return (int)(bits >> 1) ^ -(int)(bits & 1);
            }
        }
    }
}
