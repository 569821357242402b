using System.Globalization;
using EduVision.Training.Rendering;
using SkiaSharp;

namespace EduVision.Training.Fonts;

/// <summary>
/// The Basic Handwritten Math Symbols Dataset (github.com/wblachowski/bhmsds, MIT): 28x28 scans named <c>symbol-id.png</c>.
/// Ids divisible by ten are held out of training.
/// </summary>
internal static class SymbolScans
{
    private const int TrainingSamples = 500, HeldOutSamples = 100;

    // Where each symbol stands: its height (or width, for flat ones) and the y of its middle, in outline units.
    private static readonly (string File, string Latex, float Size, float Middle)[] Classes =
    [
        .. "0123456789".Select(digit => ($"{digit}", $"{digit}", 700f, -350f)),
        ("plus", "+", 460f, -330f), ("minus", "-", 440f, -330f), ("dot", "\\cdot", 110f, -330f), ("slash", "/", 900f, -320f),
        ("w", "w", 470f, -235f), ("x", "x", 480f, -240f), ("y", "y", 720f, -130f), ("z", "z", 480f, -240f),
    ];

    public static List<SampleSet> Read(string folder)
    {
        var sets = new List<SampleSet>();
        foreach (var (name, latex, size, middle) in Classes)
        {
            var files = Directory.GetFiles(folder, $"{name}-*.png").Order(StringComparer.Ordinal).ToLookup(IsHeldOut);
            if (files.Count == 0) throw new FileNotFoundException($"No {name}-*.png in {folder}. Give the folder of the data set's symbols with --bhmsds.");
            sets.Add(new SampleSet(latex, Read(files[false], TrainingSamples, size, middle), Read(files[true], HeldOutSamples, size, middle)));
        }
        return sets;
    }

    private static bool IsHeldOut(string file) =>
        int.Parse(Path.GetFileNameWithoutExtension(file).Split('-')[1], CultureInfo.InvariantCulture) % 10 == 0;

    private static Outline[] Read(IEnumerable<string> files, int limit, float size, float middle)
    {
        var all = files.ToArray();
        var outlines = new List<Outline>();
        // Spread over all ids: neighbours come from one writer's sheet.
        for (var i = 0; i < Math.Min(limit, all.Length); i++)
        {
            using var path = SymbolTracer.Trace(all[(int)((long)i * all.Length / Math.Min(limit, all.Length))]);
            if (path is not null) outlines.Add(OutlineReader.Read(path, Fit(path.TightBounds, size, middle)));
        }
        return [.. outlines];
    }

    private static SKMatrix Fit(SKRect bounds, float size, float middle)
    {
        // The scans are scaled to their longer side; a wide zero must not become taller than its neighbours.
        var scale = size / Math.Max(bounds.Height, bounds.Width * 0.85f);
        return new SKMatrix(scale, 0, -bounds.Left * scale, 0, scale, middle - bounds.MidY * scale, 0, 0, 1);
    }
}
