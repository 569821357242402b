namespace EduVision.Training.Rendering.Writing;

/// <summary>Collects pen strokes: smooth curves through given points, made of quadratic pieces that meet halfway.</summary>
internal sealed class StrokeBuilder
{
    private readonly List<OutlineVerb> _verbs = [];
    private readonly List<short> _coordinates = [];

    /// <summary>A stroke through x, y pairs; two points give a straight line.</summary>
    public void Add(ReadOnlySpan<float> points)
    {
        Put(OutlineVerb.Move, points[0], points[1]);
        if (points.Length == 4)
        {
            Put(OutlineVerb.Line, points[2], points[3]);
            return;
        }
        for (var i = 2; i + 2 < points.Length; i += 2)
        {
            var last = i + 4 >= points.Length;
            Put(OutlineVerb.Quad, points[i], points[i + 1]);
            if (last) Put(points[i + 2], points[i + 3]);
            else Put((points[i] + points[i + 2]) / 2f, (points[i + 1] + points[i + 3]) / 2f);
        }
    }

    public Outline Build() => new([.. _verbs], [.. _coordinates]);

    private void Put(OutlineVerb verb, float x, float y)
    {
        _verbs.Add(verb);
        Put(x, y);
    }

    private void Put(float x, float y)
    {
        _coordinates.Add((short)Math.Clamp(x, short.MinValue, short.MaxValue));
        _coordinates.Add((short)Math.Clamp(y, short.MinValue, short.MaxValue));
    }
}
