using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Scheduling;
using EduVision.Inference.Telemetry;
using EduVision.Model.Tokenization;
using EduVision.Shared;

namespace EduVision.Inference.Requests;

/// <summary>A request from its arrival to its last event: turns what the engine does with its sequence into its log.</summary>
public sealed class LiveRequest : ISequenceOutput
{
    // A table may well have the same row many times; a thought has no such excuse.
    private const int AnswerPatience = 4;

    private readonly Tokenizer tokenizer;
    private readonly GenerationLimits limits;
    private readonly ReasoningSplitter splitter;
    private readonly EngineMetrics metrics;
    private readonly RequestClock clock;
    private readonly int promptTokens;
    private readonly List<TokenDetail> details = [];
    private LoopDetector? loops;
    private int cachedTokens;
    private int reasoningTokens;
    private int answerTokens;
    private long endedTicks;

    /// <summary>A request that arrives now.</summary>
    public LiveRequest(Guid id, PreparedRequest prepared, Tokenizer tokenizer, EngineMetrics metrics, TimeProvider time)
    {
        Id = id;
        this.tokenizer = tokenizer;
        this.metrics = metrics;
        limits = prepared.Limits;
        splitter = new ReasoningSplitter(tokenizer, prepared.Prompt.StartsInReasoning);
        loops = NewLoopDetector();
        clock = new RequestClock(time);
        promptTokens = prepared.Prompt.Ids.Count;
        Sequence = new Sequence(prepared.User, prepared.Prompt, prepared.Sampling, this);
    }

    /// <summary>The id the client chose.</summary>
    public Guid Id { get; }

    /// <summary>What the scheduler runs.</summary>
    public Sequence Sequence { get; }

    /// <summary>What readers read.</summary>
    public EventLog Log { get; } = new();

    /// <summary>Memory it takes, about: its log, and a few numbers for each token.</summary>
    public long Bytes => Log.Bytes + (32L * Sequence.Tokens.Count);

    /// <summary>When it ended; null while it goes on.</summary>
    public DateTimeOffset? EndedAt => Volatile.Read(ref endedTicks) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    private int OutputTokens => reasoningTokens + answerTokens;

    /// <inheritdoc/>
    public void Queued(int position, double? etaSeconds) => Log.Append(number => new Queued(number, position, etaSeconds));

    /// <inheritdoc/>
    public void Started()
    {
        clock.Started();
        Log.Append(number => new Started(number));
    }

    /// <inheritdoc/>
    public void Prefilled(int cachedTokens)
    {
        this.cachedTokens = cachedTokens;
        Log.Append(number => new Prefilled(number, promptTokens, cachedTokens));
    }

    /// <inheritdoc/>
    public Verdict Accept(SampledToken token)
    {
        metrics.TokenMade(clock.Token());
        if (limits.EndTokens.Contains(token.Id)) return Verdict.Over(FinishReason.Stop);
        Write(token);
        if (OutputTokens >= limits.MaxTokens) return Verdict.Over(FinishReason.Length);
        if (loops?.Push(token.Id) == true) return Verdict.Over(FinishReason.Loop);
        if (!splitter.InReasoning || limits.ThinkingBudget is not { } budget || reasoningTokens < budget) return new Verdict(null, [token.Id]);
        // What closes the reasoning counts as well, and is for nothing if no token is left to answer with.
        if (OutputTokens + limits.CloseReasoning.Count >= limits.MaxTokens) return Verdict.Over(FinishReason.Length);
        foreach (var id in limits.CloseReasoning) Write(new SampledToken(id));
        return new Verdict(null, [token.Id, .. limits.CloseReasoning]);
    }

    /// <inheritdoc/>
    public void Finish(FinishReason reason)
    {
        Emit(splitter.Flush());
        var usage = new Usage(promptTokens, cachedTokens, reasoningTokens, answerTokens);
        var timings = clock.Timings(OutputTokens);
        metrics.RequestEnded(reason.ToString(), timings);
        Volatile.Write(ref endedTicks, clock.Now.UtcTicks);
        Log.Append(number => new Completed(number, usage, reason, timings));
    }

    /// <inheritdoc/>
    public void Fail(string code, string message)
    {
        metrics.RequestEnded(code, clock.Timings(OutputTokens));
        Volatile.Write(ref endedTicks, clock.Now.UtcTicks);
        Log.Append(number => new Failed(number, code, message));
    }

    private void Write(SampledToken token)
    {
        if (splitter.InReasoning) reasoningTokens++;
        else answerTokens++;
        if (limits.ReportTokens && !splitter.InReasoning && !tokenizer.IsSpecial(token.Id)) details.Add(Detail(token));
        var wasReasoning = splitter.InReasoning;
        Emit(splitter.Push(token.Id));
        if (splitter.InReasoning || !wasReasoning) return;
        clock.ReasoningEnded();
        loops = NewLoopDetector();
    }

    private LoopDetector? NewLoopDetector() => limits.LoopTokens == int.MaxValue
        ? null
        : new LoopDetector(limits.LoopTokens * (splitter.InReasoning ? 1 : AnswerPatience), limits.LoopTokens);

    private void Emit((bool IsReasoning, string Text) piece)
    {
        if (piece.Text.Length == 0) return;
        if (piece.IsReasoning)
        {
            Log.Append(number => new Reasoning(number, piece.Text));
            return;
        }
        TokenDetail[]? tokens = limits.ReportTokens ? [.. details] : null;
        details.Clear();
        Log.Append(number => new Answer(number, piece.Text, tokens));
    }

    private TokenDetail Detail(SampledToken token) => new(
        tokenizer.TokenText(token.Id),
        token.LogProbability,
        [.. token.Alternatives.Select(score => new TokenAlternative(tokenizer.TokenText(score.Id), score.LogProbability))]);
}
