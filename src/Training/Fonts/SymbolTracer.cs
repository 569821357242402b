using SkiaSharp;

namespace EduVision.Training.Fonts;

/// <summary>
/// Traces a small greyscale scan of one symbol (dark ink on white) into smooth contours: marching squares at half ink with linear
/// interpolation, thinned, corners rounded by quadratic curves through the midpoints.
/// </summary>
internal static class SymbolTracer
{
    private const float Level = 0.5f;
    private const float ThinTolerance = 0.12f; // pixels
    private const float SmallestArea = 1.5f; // pixels squared; smaller contours are dust

    /// <summary>Closed contours in pixels of the scan; null when it holds no ink.</summary>
    public static SKPath? Trace(string file)
    {
        using var bitmap = SKBitmap.Decode(file) ?? throw new InvalidDataException($"{file} is not an image.");
        var ink = ReadInk(bitmap, out var width, out var height);
        var next = new Dictionary<(int, int), (int, int)>();
        for (var y = 0; y + 1 < height; y++)
            for (var x = 0; x + 1 < width; x++)
                AddSegments(ink, width, x, y, next);

        var path = new SKPath { FillType = SKPathFillType.Winding };
        while (next.Count > 0)
        {
            var contour = TakeContour(ink, width, next);
            if (MathF.Abs(Area(contour)) < SmallestArea) continue;
            var corners = Thin(contour);
            if (corners.Count >= 3) AddSmooth(path, corners);
        }
        if (!path.IsEmpty) return path;
        path.Dispose();
        return null;
    }

    /// <summary>Ink from 0 to 1 with a white border of two pixels.</summary>
    private static float[] ReadInk(SKBitmap bitmap, out int width, out int height)
    {
        const int border = 2;
        width = bitmap.Width + 2 * border;
        height = bitmap.Height + 2 * border;
        var ink = new float[width * height];
        for (var y = 0; y < bitmap.Height; y++)
            for (var x = 0; x < bitmap.Width; x++)
                ink[(y + border) * width + x + border] = 1f - bitmap.GetPixel(x, y).Red / 255f;
        return ink;
    }

    // Edges between pixels are named by doubled coordinates of their middle, so that both cells beside an edge give it one name.
    private static void AddSegments(float[] ink, int width, int x, int y, Dictionary<(int, int), (int, int)> next)
    {
        bool nw = ink[y * width + x] > Level, ne = ink[y * width + x + 1] > Level;
        bool sw = ink[(y + 1) * width + x] > Level, se = ink[(y + 1) * width + x + 1] > Level;
        (int, int) north = (2 * x + 1, 2 * y), south = (2 * x + 1, 2 * y + 2), west = (2 * x, 2 * y + 1), east = (2 * x + 2, 2 * y + 1);
        // Ink lies to the right of the direction of travel; the two ambiguous cases are read as separate strokes.
        switch ((nw ? 8 : 0) | (ne ? 4 : 0) | (se ? 2 : 0) | (sw ? 1 : 0))
        {
            case 1: next[south] = west; break;
            case 2: next[east] = south; break;
            case 3: next[east] = west; break;
            case 4: next[north] = east; break;
            case 5: next[north] = east; next[south] = west; break;
            case 6: next[north] = south; break;
            case 7: next[north] = west; break;
            case 8: next[west] = north; break;
            case 9: next[south] = north; break;
            case 10: next[west] = north; next[east] = south; break;
            case 11: next[east] = north; break;
            case 12: next[west] = east; break;
            case 13: next[south] = east; break;
            case 14: next[west] = south; break;
        }
    }

    private static List<SKPoint> TakeContour(float[] ink, int width, Dictionary<(int, int), (int, int)> next)
    {
        var contour = new List<SKPoint>();
        var at = next.Keys.First();
        while (next.Remove(at, out var following))
        {
            contour.Add(Crossing(ink, width, at));
            at = following;
        }
        return contour;
    }

    private static SKPoint Crossing(float[] ink, int width, (int X, int Y) edge)
    {
        int x = edge.X / 2, y = edge.Y / 2;
        var horizontal = edge.X % 2 == 1;
        var from = ink[y * width + x];
        var to = horizontal ? ink[y * width + x + 1] : ink[(y + 1) * width + x];
        var share = (Level - from) / (to - from);
        return horizontal ? new SKPoint(x + share, y) : new SKPoint(x, y + share);
    }

    private static float Area(List<SKPoint> contour)
    {
        var area = 0f;
        for (var i = 0; i < contour.Count; i++)
        {
            var (a, b) = (contour[i], contour[(i + 1) % contour.Count]);
            area += (a.X * b.Y - a.Y * b.X) / 2f;
        }
        return area;
    }

    /// <summary>Drops points that lie within the tolerance of the line between their kept neighbours.</summary>
    private static List<SKPoint> Thin(List<SKPoint> contour)
    {
        var kept = new List<SKPoint>();
        var anchor = contour[0];
        kept.Add(anchor);
        var from = 0;
        for (var i = 2; i <= contour.Count; i++)
        {
            var end = contour[i % contour.Count];
            var straight = i - from <= 4;
            for (var k = from + 1; straight && k < i; k++) straight = Distance(contour[k], anchor, end) <= ThinTolerance;
            if (straight) continue;
            anchor = contour[i - 1];
            from = i - 1;
            kept.Add(anchor);
        }
        return kept;
    }

    private static float Distance(SKPoint p, SKPoint a, SKPoint b)
    {
        float dx = b.X - a.X, dy = b.Y - a.Y, length = MathF.Sqrt(dx * dx + dy * dy);
        return length < 1e-6f ? SKPoint.Distance(p, a) : MathF.Abs((p.X - a.X) * dy - (p.Y - a.Y) * dx) / length;
    }

    private static void AddSmooth(SKPath path, List<SKPoint> corners)
    {
        path.MoveTo(Middle(corners[^1], corners[0]));
        for (var i = 0; i < corners.Count; i++) path.QuadTo(corners[i], Middle(corners[i], corners[(i + 1) % corners.Count]));
        path.Close();
    }

    private static SKPoint Middle(SKPoint a, SKPoint b) => new((a.X + b.X) / 2, (a.Y + b.Y) / 2);
}
