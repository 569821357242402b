using EduVision.Training.Rendering;
using SkiaSharp;

namespace EduVision.Training.Fonts;

/// <summary>Turns a path into an <see cref="Outline"/>: transformed, rounded to whole units.</summary>
internal static class OutlineReader
{
    private const float ConicTolerance = 1f;

    public static Outline Read(SKPath path, SKMatrix fit)
    {
        var verbs = new List<OutlineVerb>();
        var coordinates = new List<short>();
        var points = new SKPoint[4];
        using var iterator = path.CreateRawIterator();
        for (var verb = iterator.Next(points); verb != SKPathVerb.Done; verb = iterator.Next(points))
        {
            switch (verb)
            {
                case SKPathVerb.Move:
                    Add(OutlineVerb.Move, points.AsSpan(0, 1));
                    break;
                case SKPathVerb.Line:
                    Add(OutlineVerb.Line, points.AsSpan(1, 1));
                    break;
                case SKPathVerb.Quad:
                    Add(OutlineVerb.Quad, points.AsSpan(1, 2));
                    break;
                case SKPathVerb.Cubic:
                    Add(OutlineVerb.Cubic, points.AsSpan(1, 3));
                    break;
                case SKPathVerb.Conic:
                    var quads = SKPath.ConvertConicToQuads(points[0], points[1], points[2], iterator.ConicWeight(), (int)ConicTolerance);
                    for (var i = 1; i + 1 < quads.Length; i += 2) Add(OutlineVerb.Quad, quads.AsSpan(i, 2));
                    break;
                case SKPathVerb.Close:
                    verbs.Add(OutlineVerb.Close);
                    break;
            }
        }
        return new Outline([.. verbs], [.. coordinates]);

        void Add(OutlineVerb verb, ReadOnlySpan<SKPoint> at)
        {
            verbs.Add(verb);
            foreach (var point in at)
            {
                var mapped = fit.MapPoint(point);
                coordinates.Add((short)Math.Clamp(MathF.Round(mapped.X), short.MinValue, short.MaxValue));
                coordinates.Add((short)Math.Clamp(MathF.Round(mapped.Y), short.MinValue, short.MaxValue));
            }
        }
    }
}
