using EduVision.Inference.Engine;
using EduVision.Inference.Scheduling;
using EduVision.Shared;

namespace EduVision.Inference.Soak;

/// <summary>Asks, waits or gives up, thinks for a moment, and asks again.</summary>
internal sealed class SoakUser(string name, Random random, RequestMaker maker, SoakSettings settings, InferenceEngine engine, ServiceLedger ledger, SoakFindings findings, SoakTally tally)
{
    private IReadOnlyList<int>? conversation;

    /// <summary>Goes on until it is told to stop, and then waits for what it has asked.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var count = random.Next(6) == 0 ? 1 + random.Next(SoakSettings.Burst) : 1;
            // Made one after the other, as random numbers come from one place.
            var asked = Enumerable.Range(0, count).Select(_ => maker.Make(random, conversation)).Select(request => (request, RequestMaker.ChangeOfMind(random, request))).ToList();
            await Task.WhenAll(asked.Select(one => AskAsync(one.request, one.Item2)));
            await Task.Delay(random.Next(50), CancellationToken.None);
        }
    }

    private async Task AskAsync(SoakRequest request, ChangeOfMind? change)
    {
        var output = new SoakOutput(name, request, settings.Model.Text.VocabSize, ledger, findings, change?.Tokens ?? int.MaxValue);
        var sequence = new Sequence(name, request.Prompt, request.Sampling, output);
        ledger.Asked(name);
        if (engine.TryAdd(sequence) is { } refusal)
        {
            ledger.Ended(name);
            findings.Add("A request was refused", $"{refusal.Code}: {refusal.Message}");
            return;
        }
        if (change is { } moment)
        {
            await Task.WhenAny(output.Ended, output.ChangesMind, Task.Delay(moment.Delay));
            engine.Cancel(sequence);
        }
        await output.Ended;
        tally.Add(request, output);
        if (output.Reason is FinishReason.Stop or FinishReason.Length && request.Prompt.Images.Count == 0) conversation = [.. request.Prompt.Ids, .. output.Tokens];
    }
}

/// <summary>Counts what was asked, and keeps a fair sample of what finished. Thread-safe.</summary>
internal sealed class SoakTally(int sampleSize, int seed)
{
    private readonly Lock gate = new();
    private readonly Random random = new(seed);
    private readonly List<(SoakRequest Request, IReadOnlyList<int> Tokens)> sample = [];

    public int Finished { get; private set; }

    public int Cancelled { get; private set; }

    public long OutputTokens { get; private set; }

    /// <summary>Some of the finished requests, each as likely as any other, with their answers.</summary>
    public IReadOnlyList<(SoakRequest Request, IReadOnlyList<int> Tokens)> Sample => sample;

    public void Add(SoakRequest request, SoakOutput output)
    {
        lock (gate)
        {
            OutputTokens += output.Tokens.Count;
            if (output.Reason == FinishReason.Cancelled) Cancelled++;
            if (output.Reason is not (FinishReason.Stop or FinishReason.Length)) return;
            Finished++;
            // Reservoir sampling: memory does not grow with the soak.
            if (sample.Count < sampleSize) sample.Add((request, output.Tokens));
            else if (random.Next(Finished) is var place && place < sampleSize) sample[place] = (request, output.Tokens);
        }
    }
}
