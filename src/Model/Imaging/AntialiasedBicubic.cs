using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EduVision.Model.Imaging;

/// <summary>
/// Bicubic resampling with antialiasing on 8-bit pixels, bit for bit as torchvision's <c>resize(antialias=True)</c> on uint8: rows
/// first, rounded back to 8 bits, then columns; a side that keeps its length is left alone.
/// </summary>
public static class AntialiasedBicubic
{
    private const int Channels = 3;

    /// <summary>The picture at another size.</summary>
    public static RgbImage Resize(RgbImage image, int width, int height)
    {
        byte[] pixels = image.Pixels;
        if (width != image.Width)
        {
            pixels = ResizeRows(pixels, image.Width, image.Height, width);
        }

        if (height != image.Height)
        {
            pixels = ResizeColumns(pixels, width, image.Height, height);
        }

        return new RgbImage(width, height, pixels);
    }

    private static byte[] ResizeRows(byte[] source, int width, int height, int newWidth)
    {
        var taps = BicubicTaps.For(width, newWidth);
        var target = new byte[newWidth * height * Channels];
        Parallel.For(0, height, y =>
            ResizeRow(source.AsSpan(y * width * Channels), target.AsSpan(y * newWidth * Channels, newWidth * Channels), taps));
        return target;
    }

    /// <param name="source">The row, and all that follows it in memory.</param>
    /// <param name="target">The new row.</param>
    /// <param name="taps">Weights along the row.</param>
    private static void ResizeRow(ReadOnlySpan<byte> source, Span<byte> target, BicubicTaps taps)
    {
        int round = 1 << (taps.Precision - 1);
        for (int x = 0; x < taps.First.Length; x++)
        {
            int count = taps.Count[x];
            ReadOnlySpan<byte> inputs = source[(taps.First[x] * Channels)..];
            ReadOnlySpan<short> weights = taps.Weights.AsSpan(x * taps.Stride, taps.Stride);
            int red = round, green = round, blue = round, done = 0;
            if (Avx2.IsSupported)
            {
                Vector128<int> sums = SumFours(inputs, weights, count, out done);
                red += sums[0];
                green += sums[1];
                blue += sums[2];
            }

            for (int j = done; j < count; j++)
            {
                int weight = weights[j];
                red += weight * inputs[j * Channels];
                green += weight * inputs[(j * Channels) + 1];
                blue += weight * inputs[(j * Channels) + 2];
            }

            target[x * Channels] = Clamp(red >> taps.Precision);
            target[(x * Channels) + 1] = Clamp(green >> taps.Precision);
            target[(x * Channels) + 2] = Clamp(blue >> taps.Precision);
        }
    }

    // Four pixels at a time: (r0 r1)(g0 g1)(b0 b1) of two pixels in each half, multiplied by (w0 w1) and added in pairs.
    private static Vector128<int> SumFours(ReadOnlySpan<byte> inputs, ReadOnlySpan<short> weights, int count, out int done)
    {
        const int loaded = 16;
        var pairs = Vector128.Create((byte)0, 3, 1, 4, 2, 5, 255, 255, 6, 9, 7, 10, 8, 11, 255, 255);
        var spread = Vector256.Create(0, 0, 0, 0, 1, 1, 1, 1);
        ref byte input = ref MemoryMarshal.GetReference(inputs);
        ref short weight = ref MemoryMarshal.GetReference(weights);
        Vector256<int> sums = Vector256<int>.Zero;
        int j = 0;
        // The weights beyond count are zero, so only the end of memory ends this early.
        while (j < count && (j * Channels) + loaded <= inputs.Length)
        {
            Vector128<byte> bytes = Vector128.LoadUnsafe(ref input, (nuint)(j * Channels));
            Vector256<short> values = Avx2.ConvertToVector256Int16(Ssse3.Shuffle(bytes, pairs));
            long four = Unsafe.ReadUnaligned<long>(ref Unsafe.As<short, byte>(ref Unsafe.Add(ref weight, j)));
            Vector256<int> factors = Avx2.PermuteVar8x32(Vector256.CreateScalarUnsafe(four).AsInt32(), spread);
            sums = Avx2.Add(sums, Avx2.MultiplyAddAdjacent(values, factors.AsInt16()));
            j += 4;
        }

        done = j;
        return Sse2.Add(sums.GetLower(), sums.GetUpper());
    }

    private static byte[] ResizeColumns(byte[] source, int width, int height, int newHeight)
    {
        var taps = BicubicTaps.For(height, newHeight);
        int rowBytes = width * Channels;
        var target = new byte[rowBytes * newHeight];
        Parallel.For(0, newHeight, y =>
            MixRows(source.AsSpan(taps.First[y] * rowBytes), target.AsSpan(y * rowBytes, rowBytes), taps.Weights.AsSpan(y * taps.Stride, taps.Count[y]), taps.Precision));
        return target;
    }

    /// <param name="source">The first row that counts, and all below it.</param>
    /// <param name="target">The new row.</param>
    /// <param name="weights">One for each row that counts.</param>
    /// <param name="precision">Binary places of the weights.</param>
    private static void MixRows(ReadOnlySpan<byte> source, Span<byte> target, ReadOnlySpan<short> weights, int precision)
    {
        int rowBytes = target.Length;
        int x = 0;
        if (Avx2.IsSupported)
        {
            for (; x + Vector128<byte>.Count <= rowBytes; x += Vector128<byte>.Count)
            {
                MixSixteen(source[x..], rowBytes, weights, precision).StoreUnsafe(ref MemoryMarshal.GetReference(target), (nuint)x);
            }
        }

        for (; x < rowBytes; x++)
        {
            int sum = 1 << (precision - 1);
            for (int j = 0; j < weights.Length; j++)
            {
                sum += weights[j] * source[(j * rowBytes) + x];
            }

            target[x] = Clamp(sum >> precision);
        }
    }

    // Sixteen columns, two rows at a time: bytes of both rows interleaved, multiplied by (w0 w1) and added in pairs.
    private static Vector128<byte> MixSixteen(ReadOnlySpan<byte> source, int rowBytes, ReadOnlySpan<short> weights, int precision)
    {
        ref byte input = ref MemoryMarshal.GetReference(source);
        Vector256<int> low = Vector256.Create(1 << (precision - 1));
        Vector256<int> high = low;
        for (int j = 0; j < weights.Length; j += 2)
        {
            bool pair = j + 1 < weights.Length;
            Vector128<byte> first = Vector128.LoadUnsafe(ref input, (nuint)(j * rowBytes));
            Vector128<byte> second = pair ? Vector128.LoadUnsafe(ref input, (nuint)((j + 1) * rowBytes)) : Vector128<byte>.Zero;
            int both = (ushort)weights[j] | (pair ? weights[j + 1] << 16 : 0);
            Vector256<short> factors = Vector256.Create(both).AsInt16();
            low = Avx2.Add(low, Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackLow(first, second)), factors));
            high = Avx2.Add(high, Avx2.MultiplyAddAdjacent(Avx2.ConvertToVector256Int16(Sse2.UnpackHigh(first, second)), factors));
        }

        low = Vector256.ShiftRightArithmetic(low, precision);
        high = Vector256.ShiftRightArithmetic(high, precision);
        Vector256<short> packed = Avx2.Permute4x64(Avx2.PackSignedSaturate(low, high).AsInt64(), 0b11_01_10_00).AsInt16();
        return Sse2.PackUnsignedSaturate(packed.GetLower(), packed.GetUpper());
    }

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
