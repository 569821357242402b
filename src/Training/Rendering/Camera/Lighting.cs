namespace EduVision.Training.Rendering.Camera;

/// <summary>Light on the scene: falls off across the picture and to its corners, with shadows and folds.</summary>
internal static class Lighting
{
    private const float Darkest = 0.4f; // of the light in the middle

    private const int Step = 8; // pixels between computed values; light is smooth

    /// <summary>Fills [height, width] with factors around 1.</summary>
    public static void Fill(Span<float> light, int width, int height, Rng rng)
    {
        var strength = rng.Chance(0.3f) ? 0.05f : rng.Range(0.05f, 0.5f);
        var (slopeX, slopeY) = (rng.Gauss(0f, 0.35f) * strength, rng.Gauss(0f, 0.35f) * strength);
        var vignette = rng.Range(0f, 0.25f) * strength;
        var shadow = rng.Chance(0.35f) ? Edge.Draw(rng, rng.Range(0.1f, 0.5f), rng.Range(0.02f, 0.4f)) : default;
        var second = rng.Chance(0.12f) ? Edge.Draw(rng, rng.Range(0.1f, 0.35f), rng.Range(0.02f, 0.3f)) : default;
        var fold = rng.Chance(0.12f) ? Edge.Draw(rng, rng.Gauss(0f, 0.1f), rng.Range(0.02f, 0.08f)) : default;
        int columns = width / Step + 2, rows = height / Step + 2;
        Span<float> coarse = columns * rows <= 16384 ? stackalloc float[columns * rows] : new float[columns * rows];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                float u = 2f * c * Step / width - 1f, v = 2f * r * Step / height - 1f;
                var value = 1f + slopeX * u + slopeY * v - vignette * (u * u + v * v);
                value *= shadow.Shade(u, v) * second.Shade(u, v) * fold.Crease(u, v);
                coarse[r * columns + c] = Math.Max(value, Darkest);
            }
        }
        for (var y = 0; y < height; y++)
        {
            var above = coarse.Slice(y / Step * columns, columns);
            var below = coarse.Slice((y / Step + 1) * columns, columns);
            var share = y % Step / (float)Step;
            var row = light.Slice(y * width, width);
            for (var c = 0; c * Step < width; c++)
            {
                var from = above[c] + (below[c] - above[c]) * share;
                var to = above[c + 1] + (below[c + 1] - above[c + 1]) * share;
                var slope = (to - from) / Step;
                var end = Math.Min(Step, width - c * Step);
                for (var x = 0; x < end; x++) row[c * Step + x] = from + slope * x;
            }
        }
    }

    /// <summary>A soft straight edge through the picture; the default does nothing.</summary>
    private readonly record struct Edge(float NormalX, float NormalY, float Offset, float Depth, float Softness)
    {
        public static Edge Draw(Rng rng, float depth, float softness)
        {
            var (sin, cos) = MathF.SinCos(rng.Range(0f, 2f * MathF.PI));
            return new Edge(cos, sin, rng.Range(-0.7f, 0.7f), depth, softness);
        }

        public float Shade(float u, float v)
        {
            if (Depth == 0f) return 1f;
            var distance = (NormalX * u + NormalY * v - Offset) / Softness;
            return 1f - Depth / (1f + MathF.Exp(-Math.Clamp(distance, -20f, 20f)));
        }

        public float Crease(float u, float v)
        {
            if (Depth == 0f) return 1f;
            var distance = (NormalX * u + NormalY * v - Offset) / Softness;
            return 1f + Depth * distance * MathF.Exp(-Math.Min(distance * distance, 40f));
        }
    }
}
