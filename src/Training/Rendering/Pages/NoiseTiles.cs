namespace EduVision.Training.Rendering.Pages;

/// <summary>Noise computed once, 512x512 and seamless: photos take it from random places instead of drawing millions of numbers.</summary>
internal static class NoiseTiles
{
    public const int Size = 512;
    private const int Wrap = Size - 1;

    private const ulong Seed = 20240229;

    /// <summary>Independent normal values, deviation 1.</summary>
    public static float[] White { get; } = MakeWhite(new Rng(Seed));

    /// <summary>Grain about two pixels wide, deviation 1: paper, pencil, chalk.</summary>
    public static float[] Grain { get; } = Normalise(Blur(Blur(MakeWhite(new Rng(Seed + 1)), 1, 1), 1, 1));

    /// <summary>Long fibres along x, deviation 1: brush hairs, wood, rice paper.</summary>
    public static float[] Fibre { get; } = Normalise(Blur(Blur(MakeWhite(new Rng(Seed + 2)), 12, 0), 10, 1));

    /// <summary>Clouds of many sizes, deviation 1: stains, plaster, rubbings.</summary>
    public static float[] Clouds { get; } = MakeClouds();

    /// <summary>Fills <paramref name="row"/> with a tile's values from (<paramref name="x"/>, <paramref name="y"/>) to the right, around its edges.</summary>
    public static void Row(float[] tile, int x, int y, Span<float> row)
    {
        var line = tile.AsSpan((y & Wrap) * Size, Size);
        for (int at = 0, from = x & Wrap; at < row.Length; from = 0)
        {
            var count = Math.Min(Size - from, row.Length - at);
            line.Slice(from, count).CopyTo(row[at..]);
            at += count;
        }
    }

    /// <summary>The same downwards, as if the tile lay on its side.</summary>
    public static void Column(float[] tile, int x, int y, Span<float> row)
    {
        for (var i = 0; i < row.Length; i++) row[i] = tile[((y + i) & Wrap) * Size | x & Wrap];
    }

    private static float[] MakeWhite(Rng rng)
    {
        var tile = new float[Size * Size];
        for (var i = 0; i < tile.Length; i++) tile[i] = rng.Gauss();
        return tile;
    }

    private static float[] MakeClouds()
    {
        var sum = new float[Size * Size];
        for (var octave = 0; octave < 5; octave++)
        {
            var radius = 2 << octave;
            var layer = Normalise(Blur(Blur(MakeWhite(new Rng(Seed + 10 + (ulong)octave)), radius, radius), radius, radius));
            for (var i = 0; i < sum.Length; i++) sum[i] += layer[i] * (octave + 1);
        }
        return Normalise(sum);
    }

    /// <summary>Box blur that wraps around.</summary>
    private static float[] Blur(float[] tile, int radiusX, int radiusY)
    {
        var result = tile;
        if (radiusX > 0) result = BlurLines(result, radiusX, step: 1, stride: Size);
        if (radiusY > 0) result = BlurLines(result, radiusY, step: Size, stride: 1);
        return result;
    }

    private static float[] BlurLines(float[] tile, int radius, int step, int stride)
    {
        var result = new float[tile.Length];
        for (var line = 0; line < Size; line++)
        {
            var start = line * stride;
            var sum = 0f;
            for (var k = -radius; k <= radius; k++) sum += tile[start + (k & Wrap) * step];
            for (var i = 0; i < Size; i++)
            {
                result[start + i * step] = sum / (2 * radius + 1);
                sum += tile[start + ((i + radius + 1) & Wrap) * step] - tile[start + ((i - radius) & Wrap) * step];
            }
        }
        return result;
    }

    private static float[] Normalise(float[] tile)
    {
        var mean = tile.Average();
        var deviation = MathF.Sqrt(tile.Average(value => (value - mean) * (value - mean)));
        return [.. tile.Select(value => (value - mean) / deviation)];
    }
}
