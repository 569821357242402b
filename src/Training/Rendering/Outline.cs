using SkiaSharp;

namespace EduVision.Training.Rendering;

/// <summary>What an outline does next; the numbers are the asset file's.</summary>
internal enum OutlineVerb : byte
{
    Move,
    Line,
    Quad,
    Cubic,
    Close,
}

/// <summary>
/// The shape of one written symbol as filled contours, y down. Latin symbols stand on the baseline y = 0 with digits 700 units
/// high; Chinese characters fill the square from 0 to 1000.
/// </summary>
internal sealed class Outline
{
    public Outline(OutlineVerb[] verbs, short[] coordinates)
    {
        Verbs = verbs;
        Coordinates = coordinates;
        float left = float.MaxValue, top = float.MaxValue, right = float.MinValue, bottom = float.MinValue;
        for (var i = 0; i < coordinates.Length; i += 2)
        {
            left = Math.Min(left, coordinates[i]);
            right = Math.Max(right, coordinates[i]);
            top = Math.Min(top, coordinates[i + 1]);
            bottom = Math.Max(bottom, coordinates[i + 1]);
        }
        Bounds = new SKRect(left, top, right, bottom);
        Nib = MeasureNib();
    }

    public OutlineVerb[] Verbs { get; }

    /// <summary>x, y pairs in the order the verbs consume them: move 1, line 1, quad 2, cubic 3 points.</summary>
    public short[] Coordinates { get; }

    /// <summary>Bounds of all points (control points included).</summary>
    public SKRect Bounds { get; }

    /// <summary>Mean stroke width: twice the area over the perimeter.</summary>
    public float Nib { get; }

    private float MeasureNib()
    {
        float area = 0, perimeter = 0, startX = 0, startY = 0, x = 0, y = 0;
        var at = 0;
        foreach (var verb in Verbs)
        {
            switch (verb)
            {
                case OutlineVerb.Move:
                    x = startX = Coordinates[at++];
                    y = startY = Coordinates[at++];
                    break;
                case OutlineVerb.Close:
                    To(startX, startY);
                    break;
                default:
                    // Control points serve as polygon corners: near enough for a mean width.
                    for (var points = (int)verb; points > 0; points--) To(Coordinates[at++], Coordinates[at++]);
                    break;
            }
        }
        return perimeter > 0 ? 2f * MathF.Abs(area) / perimeter : 0f;

        void To(float nextX, float nextY)
        {
            area += (x * nextY - nextX * y) / 2f;
            perimeter += MathF.Sqrt((nextX - x) * (nextX - x) + (nextY - y) * (nextY - y));
            (x, y) = (nextX, nextY);
        }
    }
}
