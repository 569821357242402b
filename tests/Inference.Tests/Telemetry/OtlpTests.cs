using EduVision.Inference.Tests.Fakes;
using EduVision.Inference.Tests.Runners;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Telemetry;

/// <summary>The service as a process of its own, its metrics as a collector receives them.</summary>
public sealed class OtlpTests(TorchRunnerFixture fixture) : IClassFixture<TorchRunnerFixture>
{
    [Fact]
    public async Task A_collector_receives_every_promised_metric_over_otlp()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using var service = await ServedProcess.StartAsync(fixture.Folder, new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url.ToString(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
        });
        var image = await service.StoreAsync(Pictures.Png());
        // The second shows the same image behind another beginning: found in the encoder cache. The third is the second again: found in the prefix cache.
        var tokens = 0;
        foreach (var system in new[] { null, "Be short.", "Be short." })
        {
            var done = await service.AskAsync(TestService.Question("What is x?", image) with { System = system, Options = new GenerationOptions { MaxTokens = 20, IgnoreEnd = true } });
            tokens += done.Usage.ReasoningTokens + done.Usage.AnswerTokens;
        }
        await TestService.UntilAsync(() => Value("eduvision.tokens") == tokens && collector.Peaks.GetValueOrDefault("eduvision.tokens_per_second") > 0);
        await service.StopAsync();

        Assert.Equal("eduvision-inference", collector.ServiceName);
        Assert.Equal((3, tokens - 3, 3), (Value("eduvision.time_to_first_token"), Value("eduvision.inter_token_latency"), Value("eduvision.queue_time")));
        Assert.Equal((0, 0, 3), (Value("eduvision.requests_waiting"), Value("eduvision.requests_running"), Value("eduvision.requests")));
        Assert.Equal((2, 1), (Value("eduvision.images"), Value("eduvision.images_cached")));
        Assert.InRange(Value("eduvision.prompt_tokens_cached"), 1, Value("eduvision.prompt_tokens") - 1);
        Assert.True(Value("eduvision.step_time") > 0);
        // What was held is given back by the end.
        foreach (var name in new[] { "eduvision.kv_blocks", "eduvision.encoder_cache_bytes" })
            Assert.True(collector.Peaks[name] > 0, $"{name} never rose");
        Assert.Equal((0, 0), (Value("eduvision.kv_blocks_used"), Value("eduvision.preemptions")));
        // Half a millisecond to ten minutes: neither a token nor a queue falls into one bucket with everything.
        var bounds = collector.Metrics["eduvision.inter_token_latency"].Bounds;
        Assert.True(bounds[0] < 0.001 && bounds[^1] > 300 && bounds.Count(bound => bound < 0.1) > 10);
        Assert.Equal("s", collector.Metrics["eduvision.time_to_first_token"].Unit);

        double Value(string name) => collector.Metrics.TryGetValue(name, out var metric) ? metric.Value : double.NaN;
    }
}
