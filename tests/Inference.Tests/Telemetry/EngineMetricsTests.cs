using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using EduVision.Inference.Telemetry;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace EduVision.Inference.Tests.Telemetry;

public sealed class EngineMetricsTests
{
    [Fact]
    public async Task Tokens_times_and_caches_are_measured()
    {
        var seen = new ConcurrentDictionary<string, double>();
        await using var service = await TestService.StartAsync();
        using var listener = new MeterListener();
        var meter = service.Services.GetRequiredService<EngineMetrics>();
        // Other tests' services have meters of the same name: only this one's instruments count.
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (meter.Owns(instrument)) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value));
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => seen.AddOrUpdate(instrument.Name, 1, (_, count) => count + 1));
        listener.Start();
        var first = Assert.IsType<Completed>((await service.AskAsync(TestService.Question()))[^1]);
        var second = Assert.IsType<Completed>((await service.AskAsync(TestService.Question()))[^1]);
        listener.RecordObservableInstruments();
        // The token that ends the turn is made, though it is no output.
        var tokens = first.Usage.ReasoningTokens + first.Usage.AnswerTokens + second.Usage.ReasoningTokens + second.Usage.AnswerTokens + 2;
        Assert.Equal((tokens, 2, tokens - 2, 2), (seen["eduvision.tokens"], seen["eduvision.time_to_first_token"], seen["eduvision.inter_token_latency"], seen["eduvision.requests"]));
        Assert.Equal(first.Usage.PromptTokens * 2, seen["eduvision.prompt_tokens"]);
        Assert.Equal(second.Usage.CachedTokens, seen["eduvision.prompt_tokens_cached"]);
        Assert.True(second.Usage.CachedTokens > 0);
        Assert.Equal(256, seen["eduvision.kv_blocks"]);
    }
}
