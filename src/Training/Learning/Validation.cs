using EduVision.Model.Network;
using EduVision.Training.Data;
using EduVision.Training.Problems;
using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>
/// A cheap look at held-out ink during a run: the share of completions in which every token is the likeliest, given the
/// right tokens before it. An upper bound of what free generation reaches; <c>eval</c> measures that.
/// </summary>
public static class Validation
{
    /// <summary>Shares by what the pictures are and what is asked of them.</summary>
    public static IReadOnlyDictionary<string, (int Right, int Count)> Run(Qwen3VL model, IEnumerable<TrainingBatch> batches, Device device, ScalarType type)
    {
        var scores = new SortedDictionary<string, (int Right, int Count)>(StringComparer.Ordinal);
        using var off = no_grad();
        foreach (var batch in batches)
        {
            using var scope = NewDisposeScope();
            var predicted = LanguageModelLoss.Logits(model, batch, device, type).argmax(1);
            var right = predicted.eq(batch.Targets.to(device)).cpu().data<bool>().ToArray();
            var offset = 0;
            foreach (var example in batch.Examples)
            {
                var tokens = example.Ids.Length - example.PromptLength;
                var all = right.AsSpan(offset, tokens).IndexOf(false) < 0;
                offset += tokens;
                var key = Name(example.Problem);
                var (before, count) = scores.GetValueOrDefault(key);
                scores[key] = (before + (all ? 1 : 0), count + 1);
            }
        }
        return scores;
    }

    private static string Name(Problem problem) => problem.Kind == ProblemKind.Unreadable ? "unreadable" : $"{problem.Task}.{problem.Kind}".ToLowerInvariant();
}
