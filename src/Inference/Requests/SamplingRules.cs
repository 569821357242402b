using EduVision.Inference.Hosting;
using EduVision.Inference.Images;
using EduVision.Inference.Runners.Sampling;
using EduVision.Shared;

namespace EduVision.Inference.Requests;

/// <summary>From the options of a request and the model's own defaults to how it is sampled and where it ends.</summary>
internal sealed class SamplingRules(ServedModel model, InferenceOptions settings)
{
    private static readonly HashSet<int> NoTokens = [];
    private readonly HashSet<int> endTokens = [.. model.Defaults.EosTokenIds, model.Chat.TurnEndId];

    /// <summary>What ends a reasoning, as the template writes it: a line end, the tag, an empty line, then the answer. Empty where there is no tag.</summary>
    public IReadOnlyList<int> CloseReasoning { get; } = model.Chat.Tokenizer.TryIdOf("</think>", out var close)
        ? [.. model.Chat.Tokenizer.Encode("\n", false), close, .. model.Chat.Tokenizer.Encode("\n\n", false)]
        : [];

    /// <summary>Checks the options alone.</summary>
    public static ServiceError? Check(GenerationOptions? options, InferenceOptions settings)
    {
        if (options is null) return Refusals.Invalid("options", "They must not be null; leave them out for the defaults.");
        if (options.MaxTokens < 1 || options.MaxTokens > settings.MaxOutputTokens)
            return Refusals.Invalid("maxTokens", $"It must be from 1 to {settings.MaxOutputTokens}.");
        if (options.ThinkingBudget < 0) return Refusals.Invalid("thinkingBudget", "It must not be negative.");
        if (Outside(options.Temperature, 0, 100)) return Refusals.Invalid("temperature", "It must be from 0 to 100.");
        if (Outside(options.TopP, double.Epsilon, 1)) return Refusals.Invalid("topP", "It must be above 0 and at most 1.");
        if (options.TopK < 0) return Refusals.Invalid("topK", "It must not be negative.");
        if (Outside(options.MinP, 0, 1)) return Refusals.Invalid("minP", "It must be from 0 to 1.");
        if (Outside(options.PresencePenalty, -2, 2)) return Refusals.Invalid("presencePenalty", "It must be from -2 to 2.");
        if (options.TopLogProbs is < 0 or > 20) return Refusals.Invalid("topLogProbs", "It must be from 0 to 20.");
        return null;
    }

    /// <summary>How tokens are chosen.</summary>
    public SamplingParameters Sampling(GenerationOptions options) => new()
    {
        Temperature = options.Temperature ?? (model.Defaults.DoSample ? model.Defaults.Temperature : 0),
        TopP = options.TopP ?? model.Defaults.TopP,
        TopK = options.TopK ?? model.Defaults.TopK,
        MinP = options.MinP ?? 0,
        PresencePenalty = options.PresencePenalty ?? 0,
        Seed = unchecked((ulong)(options.Seed ?? Random.Shared.NextInt64())),
        TopLogProbs = options.TopLogProbs,
    };

    /// <summary>Where the output ends; <paramref name="room"/> is what the context leaves it.</summary>
    public GenerationLimits Limits(GenerationOptions options, int room) => new()
    {
        MaxTokens = Math.Min(options.MaxTokens ?? settings.MaxOutputTokens, room),
        ThinkingBudget = options.ThinkingBudget,
        CloseReasoning = CloseReasoning,
        EndTokens = options.IgnoreEnd ? NoTokens : endTokens,
        LoopTokens = options.IgnoreEnd ? int.MaxValue : settings.LoopTokens,
        ReportTokens = options.TopLogProbs > 0,
    };

    private static bool Outside(double? value, double least, double most) => value is { } number && !(number >= least && number <= most);
}
