namespace EduVision.Model.Imaging;

/// <summary>
/// For each output position along one side: which inputs count and how much, in 16-bit fixed point. The numbers are those of
/// ATen's uint8 kernel (UpSampleKernel.cpp, after Pillow): Keys' cubic with a = -0.5, widened by the scale when shrinking, and the
/// finest precision at which the largest weight fits 16 bits.
/// </summary>
internal sealed class BicubicTaps
{
    private const double A = -0.5;
    private const int Radius = 2;

    private BicubicTaps(int output, int stride)
    {
        First = new int[output];
        Count = new int[output];
        Weights = new short[output * stride];
        Stride = stride;
    }

    /// <summary>First input of each output.</summary>
    public int[] First { get; }

    /// <summary>Inputs of each output.</summary>
    public int[] Count { get; }

    /// <summary>Rows of <see cref="Stride"/> weights, zero beyond <see cref="Count"/>.</summary>
    public short[] Weights { get; }

    /// <summary>Weights a row holds: a multiple of 4.</summary>
    public int Stride { get; }

    /// <summary>Binary places of the weights.</summary>
    public int Precision { get; private set; }

    public static BicubicTaps For(int input, int output)
    {
        double scale = (double)input / output;
        double support = scale >= 1 ? Radius * scale : Radius;
        double inverse = scale >= 1 ? 1 / scale : 1;
        int most = ((int)Math.Ceiling(support) * 2) + 1;
        var taps = new BicubicTaps(output, (most + 3) / 4 * 4);
        var exact = new double[output * taps.Stride];
        double largest = 0;
        for (int i = 0; i < output; i++)
        {
            double center = scale * (i + 0.5);
            int first = Math.Max((int)(center - support + 0.5), 0);
            int count = Math.Clamp(Math.Min((int)(center + support + 0.5), input) - first, 0, most);
            Span<double> row = exact.AsSpan(i * taps.Stride, count);
            double total = 0;
            for (int j = 0; j < count; j++)
            {
                row[j] = Cubic((j + first - center + 0.5) * inverse);
                total += row[j];
            }

            for (int j = 0; j < count && total != 0; j++)
            {
                row[j] /= total;
                largest = Math.Max(largest, row[j]);
            }

            taps.First[i] = first;
            taps.Count[i] = count;
        }

        taps.Quantise(exact, largest);
        return taps;
    }

    private void Quantise(double[] exact, double largest)
    {
        while (Precision < 22 && (int)(0.5 + (largest * (1 << (Precision + 1)))) < 1 << 15)
        {
            Precision++;
        }

        for (int i = 0; i < exact.Length; i++)
        {
            double scaled = exact[i] * (1 << Precision);
            Weights[i] = (short)(int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
        }
    }

    private static double Cubic(double x)
    {
        x = Math.Abs(x);
        return x switch
        {
            < 1 => ((((A + 2) * x) - (A + 3)) * x * x) + 1,
            < 2 => (((((A * x) - (5 * A)) * x) + (8 * A)) * x) - (4 * A),
            _ => 0,
        };
    }
}
