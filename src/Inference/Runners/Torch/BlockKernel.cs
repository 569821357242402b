using System.Numerics;

namespace EduVision.Inference.Runners.Torch;

/// <summary>
/// What a decode does with one KV block and one query head. A call into a library for each key and each value costs more than
/// the 64 or 128 multiplications that it is for; here the sums stay in registers.
/// </summary>
internal static unsafe class BlockKernel
{
    /// <summary>scores[i] = scale * keys[i] . query.</summary>
    /// <param name="keys">[count, dim].</param>
    /// <param name="count">Keys.</param>
    /// <param name="dim">Numbers a key.</param>
    /// <param name="query">[dim].</param>
    /// <param name="scale">Of the scores.</param>
    /// <param name="scores">[count].</param>
    public static void Score(float* keys, int count, int dim, float* query, float scale, Span<float> scores)
    {
        for (var i = 0; i < count; i++, keys += dim)
        {
            var sums = Vector<float>.Zero;
            var d = 0;
            for (; d <= dim - Vector<float>.Count; d += Vector<float>.Count)
                sums = Vector.FusedMultiplyAdd(Vector.Load(keys + d), Vector.Load(query + d), sums);
            var sum = Vector.Sum(sums);
            for (; d < dim; d++) sum += keys[d] * query[d];
            scores[i] = sum * scale;
        }
    }

    /// <summary>result += sum of weights[i] * values[i].</summary>
    /// <param name="values">[weights, dim].</param>
    /// <param name="weights">One for each value.</param>
    /// <param name="dim">Numbers a value.</param>
    /// <param name="result">[dim].</param>
    public static void Mix(float* values, ReadOnlySpan<float> weights, int dim, float* result)
    {
        var d = 0;
        for (; d <= dim - Vector<float>.Count; d += Vector<float>.Count)
        {
            var sums = Vector.Load(result + d);
            for (var i = 0; i < weights.Length; i++)
                sums = Vector.FusedMultiplyAdd(Vector.Load(values + ((long)i * dim) + d), new Vector<float>(weights[i]), sums);
            sums.Store(result + d);
        }
        for (; d < dim; d++)
            for (var i = 0; i < weights.Length; i++) result[d] += values[((long)i * dim) + d] * weights[i];
    }
}
