using SkiaSharp;

namespace EduVision.Training.Rendering.Writing;

/// <summary>One symbol or pen stroke placed on the sheet: x' = A x + B y + E, y' = C x + D y + F.</summary>
internal sealed class Mark(Outline outline, bool stroked, float a, float b, float c, float d, float e, float f)
{
    public Outline Outline { get; } = outline;

    /// <summary>The outline is a line that a pen follows, not the border of an inked area.</summary>
    public bool Stroked { get; } = stroked;

    public float A { get; private set; } = a;
    public float B { get; private set; } = b;
    public float C { get; private set; } = c;
    public float D { get; private set; } = d;
    public float E { get; private set; } = e;
    public float F { get; private set; } = f;

    /// <summary>The stroke width that a filled outline has of itself, in its own units.</summary>
    public float NaturalNib { get; init; }

    /// <summary>The line or column it belongs to; -1 for clutter.</summary>
    public int Line { get; set; }

    /// <summary>How much the placement enlarges, so that stroke widths can be kept.</summary>
    public float Scale => MathF.Sqrt(MathF.Abs(A * D - B * C));

    public SKPoint Map(float x, float y) => new(A * x + B * y + E, C * x + D * y + F);

    public void Move(float dx, float dy)
    {
        E += dx;
        F += dy;
    }

    /// <summary>Bounds on the sheet.</summary>
    public SKRect Bounds()
    {
        var r = Outline.Bounds;
        SKPoint p = Map(r.Left, r.Top), q = Map(r.Right, r.Top), s = Map(r.Left, r.Bottom), t = Map(r.Right, r.Bottom);
        return new SKRect(
            Math.Min(Math.Min(p.X, q.X), Math.Min(s.X, t.X)), Math.Min(Math.Min(p.Y, q.Y), Math.Min(s.Y, t.Y)),
            Math.Max(Math.Max(p.X, q.X), Math.Max(s.X, t.X)), Math.Max(Math.Max(p.Y, q.Y), Math.Max(s.Y, t.Y)));
    }
}
