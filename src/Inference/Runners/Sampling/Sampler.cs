using System.Numerics.Tensors;

namespace EduVision.Inference.Runners.Sampling;

/// <summary>Chooses a token from a row of logits. Not thread-safe: it keeps its buffers.</summary>
public sealed class Sampler
{
    // From here on sorting the row is faster than inserting into a list.
    private const int Many = 256;

    private float[] adjusted = [];
    private int[] order = [];

    /// <summary>Chooses as the request says.</summary>
    /// <param name="logits">[vocabulary], finite; minus infinity is allowed for tokens that cannot be.</param>
    /// <param name="request">What to do.</param>
    /// <returns>Null if the logits hold something that is no number, or nothing but minus infinity.</returns>
    public SampledToken? Choose(ReadOnlySpan<float> logits, SampleRequest request)
    {
        var peak = TensorPrimitives.Max(logits);
        // Max gives NaN if there is one.
        if (!float.IsFinite(peak)) return null;
        var parameters = request.Parameters;
        var id = parameters.Temperature <= 0 && (parameters.PresencePenalty == 0 || request.Seen.Count == 0)
            ? TensorPrimitives.IndexOfMax(logits)
            : Draw(logits, request);
        return parameters.TopLogProbs == 0 ? new SampledToken(id) : Score(logits, id, peak, parameters.TopLogProbs);
    }

    /// <summary>Whether the request can be met from a row's <paramref name="count"/> largest logits.</summary>
    public static bool NeedsOnly(int count, SampleRequest request) =>
        (request.Parameters.PresencePenalty == 0 || request.Seen.Count == 0)
        && (request.Parameters.Temperature <= 0 || (request.Parameters.TopK > 0 && request.Parameters.TopK <= count))
        && request.Parameters.TopLogProbs <= count;

    /// <summary>Chooses among a row's largest logits, as <see cref="Choose(ReadOnlySpan{float}, SampleRequest)"/> would from all of it.</summary>
    /// <param name="ids">Their ids, the likeliest first, of equals the lower id.</param>
    /// <param name="logits">The logits.</param>
    /// <param name="normaliser">Logarithm of the sum of the row's exponentials.</param>
    /// <param name="request">What to do; <see cref="NeedsOnly"/> holds for it.</param>
    /// <returns>Null if the largest is no finite number.</returns>
    public static SampledToken? Choose(ReadOnlySpan<int> ids, ReadOnlySpan<float> logits, float normaliser, SampleRequest request)
    {
        if (!float.IsFinite(logits[0])) return null;
        var parameters = request.Parameters;
        var chosen = parameters.Temperature <= 0 ? 0 : Weigh(logits[..Math.Min(parameters.TopK, ids.Length)], logits[0], request);
        if (parameters.TopLogProbs == 0) return new SampledToken(ids[chosen]);
        var scores = new TokenScore[parameters.TopLogProbs];
        for (var i = 0; i < scores.Length; i++) scores[i] = new TokenScore(ids[i], logits[i] - normaliser);
        return new SampledToken(ids[chosen], logits[chosen] - normaliser, scores);
    }

    private int Draw(ReadOnlySpan<float> logits, SampleRequest request)
    {
        var parameters = request.Parameters;
        if (adjusted.Length < logits.Length) (adjusted, order) = (new float[logits.Length], new int[logits.Length]);
        var row = adjusted.AsSpan(0, logits.Length);
        logits.CopyTo(row);
        if (parameters.PresencePenalty != 0)
            foreach (var seen in request.Seen) row[seen] -= (float)parameters.PresencePenalty;
        if (parameters.Temperature <= 0) return TensorPrimitives.IndexOfMax(row);

        var candidates = Likeliest(row, parameters.TopK > 0 ? Math.Min(parameters.TopK, row.Length) : row.Length, parameters.TopP < 1);
        var peak = TensorPrimitives.Max(row);
        Span<float> values = candidates.Length <= Many ? stackalloc float[candidates.Length] : new float[candidates.Length];
        for (var i = 0; i < values.Length; i++) values[i] = row[candidates[i]];
        return candidates[Weigh(values, peak, request)];
    }

    // Which of the candidates, after temperature, top-p and min-p; in falling order if top-p is asked for.
    private static int Weigh(ReadOnlySpan<float> values, float peak, SampleRequest request)
    {
        var parameters = request.Parameters;
        Span<double> weights = values.Length <= Many ? stackalloc double[values.Length] : new double[values.Length];
        var total = 0.0;
        for (var i = 0; i < weights.Length; i++)
            total += weights[i] = Math.Exp((values[i] - peak) / parameters.Temperature);

        var kept = weights.Length;
        if (parameters.TopP < 1)
        {
            var nucleus = parameters.TopP * total;
            var sum = 0.0;
            for (kept = 0; kept < weights.Length && (kept == 0 || sum < nucleus); kept++) sum += weights[kept];
            total = sum;
        }
        // The likeliest has weight 1, so min-p is a bound on the weights themselves.
        if (parameters.MinP > 0)
        {
            total = 0;
            for (var i = 0; i < kept; i++)
            {
                if (weights[i] < parameters.MinP) weights[i] = 0;
                total += weights[i];
            }
        }
        var place = CounterRandom.Uniform(parameters.Seed, request.Step) * total;
        var last = 0;
        for (var i = 0; i < kept; i++)
        {
            if (weights[i] == 0) continue;
            last = i;
            place -= weights[i];
            if (place < 0) break;
        }
        return last;
    }

    // The ids of the `count` largest values; in falling order if they are fewer than all, or if sorted is wanted.
    private Span<int> Likeliest(ReadOnlySpan<float> row, int count, bool sorted)
    {
        if (count <= Many && count < row.Length) return Largest(row, order.AsSpan(0, count));
        var all = order.AsSpan(0, row.Length);
        for (var i = 0; i < all.Length; i++) all[i] = i;
        if (count == row.Length && !sorted) return all;
        // Keys rise, so the whole is turned; equal logits keep an order that depends on the row only.
        Array.Sort(row.ToArray(), order, 0, row.Length);
        all.Reverse();
        return all[..count];
    }

    // Insertion into a short falling list: count is small (20 by default), and most of the row fails the first comparison.
    private static Span<int> Largest(ReadOnlySpan<float> row, Span<int> best)
    {
        var filled = 0;
        for (var id = 0; id < row.Length; id++)
        {
            var value = row[id];
            if (filled == best.Length && value <= row[best[^1]]) continue;
            var place = filled < best.Length ? filled++ : filled - 1;
            while (place > 0 && row[best[place - 1]] < value)
            {
                best[place] = best[place - 1];
                place--;
            }
            best[place] = id;
        }
        return best[..filled];
    }

    private static SampledToken Score(ReadOnlySpan<float> logits, int id, float peak, int alternatives)
    {
        var sum = 0.0;
        foreach (var logit in logits) sum += Math.Exp(logit - peak);
        var normaliser = peak + Math.Log(sum);
        Span<int> best = stackalloc int[Math.Min(alternatives, logits.Length)];
        best = Largest(logits, best);
        var scores = new TokenScore[best.Length];
        for (var i = 0; i < scores.Length; i++) scores[i] = new TokenScore(best[i], (float)(logits[best[i]] - normaliser));
        return new SampledToken(id, (float)(logits[id] - normaliser), scores);
    }
}
