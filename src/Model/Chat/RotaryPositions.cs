namespace EduVision.Model.Chat;

/// <summary>
/// Positions for interleaved MRoPE (<c>get_rope_index</c> of the reference). Text advances time, row and column together; all of an
/// image's tokens share one time, and their rows and columns count from it; the text behind goes on after the largest of the three.
/// </summary>
internal static class RotaryPositions
{
    public static (int[] Positions, int Next) Of(int length, IReadOnlyList<ImageSpan> images, int mergeSize)
    {
        var positions = new int[3 * length];
        Span<int> times = positions.AsSpan(0, length), rows = positions.AsSpan(length, length), columns = positions.AsSpan(2 * length, length);
        int next = 0, at = 0;
        foreach (ImageSpan image in images)
        {
            next = Advance(times, rows, columns, at, image.Start, next);
            int height = image.Grid.H / mergeSize, width = image.Grid.W / mergeSize;
            for (int i = 0; i < image.Length; i++)
            {
                int token = image.Start + i;
                times[token] = next + (i / (height * width));
                rows[token] = next + (i / width % height);
                columns[token] = next + (i % width);
            }

            next += Math.Max(image.Grid.T, Math.Max(height, width));
            at = image.Start + image.Length;
        }

        return (positions, Advance(times, rows, columns, at, length, next));
    }

    private static int Advance(Span<int> times, Span<int> rows, Span<int> columns, int from, int to, int next)
    {
        for (int token = from; token < to; token++, next++)
        {
            times[token] = rows[token] = columns[token] = next;
        }

        return next;
    }
}
