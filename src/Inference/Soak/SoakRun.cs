using System.Diagnostics;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Engine;
using EduVision.Inference.Hosting;
using EduVision.Inference.Scheduling;
using EduVision.Inference.Telemetry;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Soak;

/// <summary>Many users at one real engine for a while: what must hold is looked at all along, and once more when all is over.</summary>
internal sealed class SoakRun(SoakSettings settings)
{
    private const int Samples = 100;

    private readonly SoakFindings findings = new();
    private readonly ServiceLedger ledger = new();
    private bool sameIsPromised;

    /// <summary>Called with the engine when it has its model; for tests, to do what no user does.</summary>
    public Action<InferenceEngine>? Loaded { get; init; }

    /// <summary>Runs it.</summary>
    /// <param name="progress">Told now and then how far it is.</param>
    /// <param name="cancellationToken">Ends it early; what must hold is looked at all the same.</param>
    public async Task<SoakReport> RunAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        using var metrics = new EngineMetrics();
        var options = settings.Engine;
        // Users never have more than a burst each; a refusal would be a finding.
        options.QueueLimit = Math.Max(options.QueueLimit, settings.Users * SoakSettings.Burst);
        var engine = new InferenceEngine(
            () =>
            {
                var runner = settings.Load();
                sameIsPromised = runner.IsBatchInvariant;
                return runner;
            },
            settings.Placement, Options.Create(options), metrics, TimeProvider.System, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), new FindingLogger<InferenceEngine>(findings));
        await engine.StartAsync(CancellationToken.None);
        await engine.Loaded;
        Loaded?.Invoke(engine);

        var tally = new SoakTally(settings.Replays, settings.Seed);
        var (process, gpu) = (new MemoryTrend(settings.ReadMemory), GpuTrend(engine.State.Device));
        var begun = Stopwatch.GetTimestamp();
        var stands = await AskAsync(engine, tally, process, gpu, progress, cancellationToken);
        var (seconds, state, replayed, same) = (Stopwatch.GetElapsedTime(begun).TotalSeconds, engine.State, 0, 0);
        if (stands)
        {
            await AtRestAsync(engine);
            progress($"Asking {tally.Sample.Count} of the finished requests again, each alone");
            engine.ForgetPrefixes();
            foreach (var (request, tokens) in tally.Sample.TakeWhile(_ => stands))
            {
                var answer = await ReplayAsync(engine, request);
                stands = answer is not null;
                if (answer is null) continue;
                replayed++;
                if (answer.SequenceEqual(tokens)) same++;
                else if (sameIsPromised) findings.Add("A request was answered otherwise alone than in company", FirstDifference(tokens, answer));
            }
            if (stands) await AtRestAsync(engine);
        }
        // One that stands still cannot be waited for; its thread ends with the process, or when it moves again.
        await engine.StopAsync(stands ? CancellationToken.None : new CancellationToken(canceled: true));
        if (stands) engine.Dispose();
        if (state.Memory is { } memory) progress($"GPU memory: {ByteSize.Show(memory.PeakBytes)} at most{(memory is { BudgetBytes: { } budget, PlannedBytes: { } planned } ? $", {ByteSize.Show(planned)} planned, {ByteSize.Show(budget)} the budget" : "")}");
        return new SoakReport(
            state.Device, settings.Users, seconds, settings.Seed, tally.Finished, tally.Cancelled, state.PromptTokens, state.CachedTokens, tally.OutputTokens, state.Preemptions, state.Images, state.CachedImages,
            ledger.LongestWait, settings.Patience, Growth("The process", process), gpu is null ? null : Growth("The GPU's memory in use", gpu), replayed, same, sameIsPromised, findings.All);
    }

    // False if the engine stands still.
    private async Task<bool> AskAsync(InferenceEngine engine, SoakTally tally, MemoryTrend process, MemoryTrend? gpu, Action<string> progress, CancellationToken cancellationToken)
    {
        var maker = new RequestMaker(settings);
        var begun = Stopwatch.GetTimestamp();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stop.CancelAfter(settings.Duration);
        var users = Task.WhenAll(Enumerable.Range(0, settings.Users).Select(number =>
        {
            var user = new SoakUser($"user {number}", new Random(HashCode.Combine(settings.Seed, number)), maker, settings, engine, ledger, findings, tally);
            return Task.Run(() => user.RunAsync(stop.Token), CancellationToken.None);
        }));
        for (var tick = 1; !users.IsCompleted; tick++)
        {
            await Task.WhenAny(users, Task.Delay(settings.Duration / Samples, CancellationToken.None));
            var share = Stopwatch.GetElapsedTime(begun) / settings.Duration;
            if (!stop.IsCancellationRequested)
            {
                process.Sample(share);
                gpu?.Sample(share);
            }
            if (!Look(engine)) return false;
            if (tick % (Samples / 10) == 0) progress($"{Math.Min(1, share):0%}: {tally.Finished} finished, {tally.Cancelled} cancelled, {tally.OutputTokens} tokens, {engine.State.Running} run, {engine.State.Waiting} wait");
        }
        await users;
        return true;
    }

    // False if the engine stands still.
    private bool Look(InferenceEngine engine)
    {
        if (ledger.Stalled > settings.StallLimit)
        {
            findings.Add("The engine stands still", $"nobody was served a token for {settings.StallLimit.TotalSeconds:0} s although somebody waited");
            return false;
        }
        foreach (var user in ledger.Starving(settings.Patience)) findings.Add("A user starved", $"{user} was served nothing while others were served over {settings.Patience} tokens");
        CheckIntegrity(engine);
        return true;
    }

    private void CheckIntegrity(InferenceEngine engine)
    {
        try
        {
            engine.CheckIntegrity();
        }
        catch (InvalidOperationException leak)
        {
            findings.Add("The engine's books are wrong", leak.Message);
        }
    }

    // With nobody left, every KV block has to be free; those that the prefix cache knows are free as well.
    private async Task AtRestAsync(InferenceEngine engine)
    {
        // The step in which the last one was cancelled may still be computed.
        for (var begun = Stopwatch.GetTimestamp(); !IsAtRest(engine.State) && Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(2);) await Task.Delay(10);
        foreach (var finding in NotAtRest(engine.State)) findings.Add("The engine is not at rest although all requests have ended", finding);
        CheckIntegrity(engine);
    }

    private static bool IsAtRest(EngineState state) => !NotAtRest(state).Any();

    private static IEnumerable<string> NotAtRest(EngineState state)
    {
        if (state.Running > 0) yield return $"{state.Running} requests run";
        if (state.Waiting > 0) yield return $"{state.Waiting} requests wait";
        if (state.BlocksUsed > 0) yield return $"{state.BlocksUsed} of {state.BlocksTotal} KV blocks are held";
    }

    // Null if the engine stands still.
    private async Task<IReadOnlyList<int>?> ReplayAsync(InferenceEngine engine, SoakRequest request)
    {
        const string user = "alone";
        var output = new SoakOutput(user, request, settings.Model.Text.VocabSize, ledger, findings);
        ledger.Asked(user);
        if (engine.TryAdd(new Sequence(user, request.Prompt, request.Sampling, output)) is { } refusal)
        {
            ledger.Ended(user);
            findings.Add("A request was refused", $"{refusal.Code}: {refusal.Message}");
            return [];
        }
        while (await Task.WhenAny(output.Ended, Task.Delay(settings.StallLimit / 10)) != output.Ended)
            if (!Look(engine)) return null;
        return output.Tokens;
    }

    private MemorySpan Growth(string what, MemoryTrend watch)
    {
        var span = new MemorySpan(watch.First, watch.Last);
        if (span is { First: 0 } or { Last: 0 }) findings.Add("Memory could not be watched", $"{what}: too few samples");
        if (span.Last - span.First > settings.GrowthBytes) findings.Add($"{what} grew", $"from {span.First / 1e6:0.0} MB after the warm-up to {span.Last / 1e6:0.0} MB at the end");
        return span;
    }

    private static MemoryTrend? GpuTrend(string device)
    {
        if (!device.StartsWith("cuda", StringComparison.Ordinal)) return null;
        var ordinal = device.Length > 5 && char.IsAsciiDigit(device[5]) ? device[5] - '0' : 0;
        return new MemoryTrend(() =>
        {
            // Samples are taken by whatever thread is free.
            CudaDriver.Use(ordinal);
            return CudaDriver.UsedBytes();
        });
    }

    private static string FirstDifference(IReadOnlyList<int> expected, IReadOnlyList<int> actual)
    {
        var place = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"token {place} of {expected.Count}: {Show(expected, place)} in company, {Show(actual, place)} alone";

        static string Show(IReadOnlyList<int> tokens, int place) => place < tokens.Count ? $"{tokens[place]}" : "the end";
    }
}
