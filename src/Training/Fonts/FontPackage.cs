using EduVision.Training.Rendering;
using SkiaSharp;

namespace EduVision.Training.Fonts;

/// <summary>Reads the outlines of one font out of its npm package, whose characters are spread over many WOFF files.</summary>
internal static class FontPackage
{
    private const float ReadSize = 1000f;
    private const float DigitHeight = 700f, HanSpan = 920f, HanMiddle = 500f;
    private static readonly string[] Licences = ["OFL-1.1", "Apache-2.0"];

    /// <summary>The hand with those of <paramref name="codePoints"/> that the font has.</summary>
    public static Hand Read(string nodeModules, FontSource source, IReadOnlyCollection<int> codePoints)
    {
        var folder = Path.Combine(nodeModules, "@fontsource", source.Package);
        CheckLicence(Path.Combine(folder, "package.json"));
        var paths = new Dictionary<int, SKPath>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, "files"), $"*-{source.Weight}-normal.woff").Order(StringComparer.Ordinal))
            Collect(file, codePoints, paths);
        var fit = source.Style == HandStyle.Latin ? FitDigits(paths) : FitSquare(paths);
        var outlines = paths.ToDictionary(pair => pair.Key, pair => OutlineReader.Read(pair.Value, fit));
        foreach (var path in paths.Values) path.Dispose();
        return new Hand(source.Package, source.Style, source.HeldOut, outlines);
    }

    private static void Collect(string file, IReadOnlyCollection<int> codePoints, Dictionary<int, SKPath> paths)
    {
        using var data = SKData.CreateCopy(WoffDecoder.Decode(File.ReadAllBytes(file)));
        using var typeface = SKTypeface.FromData(data) ?? throw new InvalidDataException($"{file} holds no font that can be opened.");
        using var font = new SKFont(typeface, ReadSize) { Hinting = SKFontHinting.None };
        foreach (var codePoint in codePoints)
        {
            if (paths.ContainsKey(codePoint) || font.GetGlyph(codePoint) is not (var glyph and not 0)) continue;
            var path = font.GetGlyphPath(glyph);
            // Some fonts map characters they lack to an empty glyph.
            if (path is null || path.IsEmpty) path?.Dispose();
            else paths.Add(codePoint, path);
        }
    }

    /// <summary>Digits 700 high; the baseline stays where the font has it.</summary>
    private static SKMatrix FitDigits(Dictionary<int, SKPath> paths)
    {
        var heights = "0123456789".Where(digit => paths.ContainsKey(digit)).Select(digit => paths[digit].TightBounds.Height).Order().ToArray();
        var scale = DigitHeight / heights[heights.Length / 2];
        return SKMatrix.CreateScale(scale, scale);
    }

    /// <summary>Characters about 920 across in the middle of a square of 1000; single ones keep their own size and place.</summary>
    private static SKMatrix FitSquare(Dictionary<int, SKPath> paths)
    {
        var bounds = paths.Where(pair => pair.Key is >= 0x4E00 and <= 0x9FFF).Select(pair => pair.Value.TightBounds).ToArray();
        if (bounds.Length == 0) return SKMatrix.Identity;
        var spans = bounds.Select(b => Math.Max(b.Width, b.Height)).Order().ToArray();
        var scale = HanSpan / spans[spans.Length * 3 / 4];
        var middleX = bounds.Average(b => b.MidX);
        var middleY = bounds.Average(b => b.MidY);
        return new SKMatrix(scale, 0, HanMiddle - middleX * scale, 0, scale, HanMiddle - middleY * scale, 0, 0, 1);
    }

    private static void CheckLicence(string manifest)
    {
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllText(manifest));
        var licence = json.RootElement.GetProperty("license").GetString();
        if (!Licences.Contains(licence)) throw new InvalidDataException($"{manifest}: licence {licence}; only {string.Join(" and ", Licences)} may be used.");
    }
}
