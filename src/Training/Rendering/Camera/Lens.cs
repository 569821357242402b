using System.Numerics;

namespace EduVision.Training.Rendering.Camera;

/// <summary>Defocus and motion: a separable blur of a coverage plane.</summary>
internal static class Lens
{
    private const float LeastSigma = 0.25f;

    /// <summary>Blurs [height, width] with a Gaussian of the given deviations in pixels.</summary>
    public static void Blur(Span<float> plane, Span<float> scratch, int width, int height, float sigmaX, float sigmaY)
    {
        if (sigmaX >= LeastSigma)
        {
            BlurRows(plane, scratch, width, height, Kernel(sigmaX));
            scratch[..plane.Length].CopyTo(plane);
        }
        if (sigmaY >= LeastSigma)
        {
            BlurColumns(plane, scratch, width, height, Kernel(sigmaY));
            scratch[..plane.Length].CopyTo(plane);
        }
    }

    private static float[] Kernel(float sigma)
    {
        var radius = Math.Max(1, (int)MathF.Ceiling(2.5f * sigma));
        var kernel = new float[radius + 1];
        var sum = 0f;
        for (var i = 0; i <= radius; i++)
        {
            kernel[i] = MathF.Exp(-i * i / (2f * sigma * sigma));
            sum += i == 0 ? kernel[i] : 2f * kernel[i];
        }
        for (var i = 0; i <= radius; i++) kernel[i] /= sum;
        return kernel;
    }

    private static void BlurRows(ReadOnlySpan<float> from, Span<float> to, int width, int height, float[] kernel)
    {
        var radius = kernel.Length - 1;
        for (var y = 0; y < height; y++)
        {
            var row = from.Slice(y * width, width);
            var result = to.Slice(y * width, width);
            var x = 0;
            for (; x < Math.Min(radius, width); x++) result[x] = Clamped(row, x, kernel);
            for (; x + Vector<float>.Count + radius <= width; x += Vector<float>.Count)
            {
                var sum = new Vector<float>(row[x..]) * kernel[0];
                for (var k = 1; k <= radius; k++) sum += (new Vector<float>(row[(x - k)..]) + new Vector<float>(row[(x + k)..])) * kernel[k];
                sum.CopyTo(result[x..]);
            }
            for (; x < width; x++) result[x] = Clamped(row, x, kernel);
        }
    }

    private static float Clamped(ReadOnlySpan<float> row, int x, float[] kernel)
    {
        var sum = row[x] * kernel[0];
        for (var k = 1; k < kernel.Length; k++) sum += (row[Math.Max(x - k, 0)] + row[Math.Min(x + k, row.Length - 1)]) * kernel[k];
        return sum;
    }

    private static void BlurColumns(ReadOnlySpan<float> from, Span<float> to, int width, int height, float[] kernel)
    {
        for (var y = 0; y < height; y++)
        {
            var result = to.Slice(y * width, width);
            var middle = from.Slice(y * width, width);
            for (var x = 0; x < width; x++) result[x] = middle[x] * kernel[0];
            for (var k = 1; k < kernel.Length; k++)
            {
                var above = from.Slice(Math.Max(y - k, 0) * width, width);
                var below = from.Slice(Math.Min(y + k, height - 1) * width, width);
                var x = 0;
                for (; x + Vector<float>.Count <= width; x += Vector<float>.Count)
                    (new Vector<float>(result[x..]) + (new Vector<float>(above[x..]) + new Vector<float>(below[x..])) * kernel[k]).CopyTo(result[x..]);
                for (; x < width; x++) result[x] += (above[x] + below[x]) * kernel[k];
            }
        }
    }
}
