using System.Text;
using System.Text.Json;
using EduVision.Training.Rendering;

namespace EduVision.Training.Fonts;

/// <summary>
/// Reads how each character is written, stroke by stroke, from the npm package <c>hanzi-writer-data</c> (Make Me a Hanzi, from the
/// Arphic fonts, Arphic Public License): the lines that a pen follows, where fonts only have the borders of its ink.
/// </summary>
internal static class StrokeMedians
{
    private const string Package = "hanzi-writer-data";
    private const float Top = 900f; // the package's y points up from here
    private const float Span = 880f, Middle = 500f;

    /// <summary>A hand of pen strokes with those of <paramref name="codePoints"/> that the package has.</summary>
    /// <exception cref="InvalidDataException">The package's licence is not the one we may use it under.</exception>
    public static Hand Read(string nodeModules, IReadOnlyCollection<int> codePoints)
    {
        var folder = Path.Combine(nodeModules, Package);
        CheckLicence(Path.Combine(folder, "ARPHICPL.TXT"));
        var characters = codePoints
            .Select(codePoint => (CodePoint: codePoint, File: Path.Combine(folder, $"{new Rune(codePoint)}.json")))
            .Where(character => File.Exists(character.File))
            .ToDictionary(character => character.CodePoint, character => Medians(character.File));
        var points = characters.Values.Select(strokes => strokes.SelectMany(stroke => stroke).ToArray()).ToArray();
        var spans = points.Select(all => Math.Max(all.Max(p => p.X) - all.Min(p => p.X), all.Max(p => p.Y) - all.Min(p => p.Y))).Order().ToArray();
        var scale = Span / spans[spans.Length * 3 / 4];
        var (middleX, middleY) = (points.Average(all => (all.Max(p => p.X) + all.Min(p => p.X)) / 2), points.Average(all => (all.Max(p => p.Y) + all.Min(p => p.Y)) / 2));
        return new Hand(Package, HandStyle.Pen, heldOut: false, characters.ToDictionary(pair => pair.Key, pair => Polylines(pair.Value)), isStroked: true);

        Outline Polylines(List<(float X, float Y)[]> strokes) => new(
            [.. strokes.SelectMany(stroke => stroke.Select((_, i) => i == 0 ? OutlineVerb.Move : OutlineVerb.Line))],
            [.. strokes.SelectMany(stroke => stroke.SelectMany(p => (short[])[(short)((p.X - middleX) * scale + Middle), (short)((p.Y - middleY) * scale + Middle)]))]);
    }

    private static List<(float X, float Y)[]> Medians(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        return [.. json.RootElement.GetProperty("medians").EnumerateArray()
            .Select(stroke => stroke.EnumerateArray().Select(point => (point[0].GetSingle(), Top - point[1].GetSingle())).ToArray())];
    }

    private static void CheckLicence(string file)
    {
        if (!File.Exists(file) || File.ReadLines(file).FirstOrDefault()?.Contains("ARPHIC PUBLIC LICENSE", StringComparison.Ordinal) != true)
            throw new InvalidDataException($"{file}: the Arphic Public License that the strokes may be used under is not there. Run `npm install` in src/Training.");
    }
}
