using System.Diagnostics.Metrics;
using EduVision.Shared;

namespace EduVision.Inference.Telemetry;

/// <summary>What the engine measures of itself, under the meter <c>EduVision.Inference</c>.</summary>
public sealed class EngineMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "EduVision.Inference";

    // The usual boundaries are meant for milliseconds; these are seconds, half an octave apart.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [.. Enumerable.Range(0, 41).Select(step => Math.Round(0.0005 * Math.Pow(2, step / 2.0), 6))],
    };

    private readonly Meter meter = new(MeterName);
    private readonly Histogram<double> firstToken;
    private readonly Histogram<double> interToken;
    private readonly Histogram<double> queued;
    private readonly Histogram<double> step;
    private readonly Counter<long> tokens;
    private readonly Counter<long> requests;

    /// <summary>Creates the instruments that are counted up.</summary>
    public EngineMetrics()
    {
        firstToken = meter.CreateHistogram<double>("eduvision.time_to_first_token", "s", "From a request's arrival to its first token.", advice: Seconds);
        interToken = meter.CreateHistogram<double>("eduvision.inter_token_latency", "s", "Between two tokens of a request.", advice: Seconds);
        queued = meter.CreateHistogram<double>("eduvision.queue_time", "s", "From a request's arrival to the engine taking it up.", advice: Seconds);
        step = meter.CreateHistogram<double>("eduvision.step_time", "s", "One step of the engine.", advice: Seconds);
        tokens = meter.CreateCounter<long>("eduvision.tokens", "{token}", "Output tokens.");
        requests = meter.CreateCounter<long>("eduvision.requests", "{request}", "Requests that ended, by reason.");
    }

    /// <summary>True for an instrument of this engine.</summary>
    internal bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, meter);

    /// <summary>Registers what is looked up when somebody asks: queue and caches.</summary>
    public void Observe(Func<EngineState> state)
    {
        meter.CreateObservableGauge("eduvision.requests_waiting", () => state().Waiting, "{request}", "Requests in the queue.");
        meter.CreateObservableGauge("eduvision.requests_running", () => state().Running, "{request}", "Requests being computed.");
        meter.CreateObservableGauge("eduvision.tokens_per_second", () => state().TokensPerSecond, "{token}/s", "Output tokens a second, lately.");
        meter.CreateObservableGauge("eduvision.kv_blocks_used", () => state().BlocksUsed, "{block}", "KV cache blocks in use.");
        meter.CreateObservableGauge("eduvision.kv_blocks", () => state().BlocksTotal, "{block}", "KV cache blocks there are.");
        meter.CreateObservableGauge("eduvision.encoder_cache_bytes", () => state().EncoderBytes, "By", "Encoded images held.");
        meter.CreateObservableGauge("eduvision.device_memory_used", () => Each(state().Memory?.UsedBytes), "By", "Device memory that the service holds.");
        meter.CreateObservableGauge("eduvision.device_memory_peak", () => Each(state().Memory?.PeakBytes), "By", "Most device memory that it held.");
        meter.CreateObservableGauge("eduvision.device_memory_budget", () => Each(state().Memory?.BudgetBytes), "By", "Device memory that it may hold.");
        meter.CreateObservableCounter("eduvision.prompt_tokens", () => state().PromptTokens, "{token}", "Prompt tokens taken up.");
        meter.CreateObservableCounter("eduvision.prompt_tokens_cached", () => state().CachedTokens, "{token}", "Prompt tokens that the prefix cache held.");
        meter.CreateObservableCounter("eduvision.images", () => state().Images, "{image}", "Images looked up in the encoder cache.");
        meter.CreateObservableCounter("eduvision.images_cached", () => state().CachedImages, "{image}", "Images that the encoder cache held.");
        meter.CreateObservableCounter("eduvision.preemptions", () => state().Preemptions, "{request}", "Requests put back for lack of KV blocks or for fairness.");
    }

    // What is not measured has no value, rather than a wrong one.
    private static Measurement<long>[] Each(long? value) => value is { } number ? [new Measurement<long>(number)] : [];

    /// <summary>A token came so long after the one before, or after the arrival.</summary>
    public void TokenMade((double Seconds, bool IsFirst) token)
    {
        tokens.Add(1);
        (token.IsFirst ? firstToken : interToken).Record(token.Seconds);
    }

    /// <summary>A request ended, for a finish reason or a failure code.</summary>
    public void RequestEnded(string reason, Timings timings)
    {
        requests.Add(1, new KeyValuePair<string, object?>("reason", reason));
        queued.Record(timings.QueuedSeconds);
    }

    /// <summary>A step took so long.</summary>
    public void Stepped(TimeSpan duration) => step.Record(duration.TotalSeconds);

    /// <inheritdoc/>
    public void Dispose() => meter.Dispose();
}

/// <summary>The engine at one moment.</summary>
public readonly record struct EngineState(
    bool Ready, string Device, int Waiting, int Running, double? EtaSeconds, double TokensPerSecond,
    int BlocksUsed, int BlocksTotal, long EncoderBytes, long PromptTokens, long CachedTokens, long Images, long CachedImages, long Preemptions,
    MemoryStatus? Memory = null);
