using System.Diagnostics;
using System.Security.Cryptography;
using EduVision.Shared;

namespace EduVision.Inference.Benchmarks;

/// <summary>Starts the service, asks it, and takes the time.</summary>
internal static class ServiceBenchmark
{
    private const int Together = 8;

    public static async Task<BenchmarkResult> RunAsync(IReadOnlyList<string> arguments, int runs, int tokens, CancellationToken cancellationToken)
    {
        List<double> ready = [], first = [], alone = [], eight = [];
        ServiceStatus? status = null;
        for (var run = 0; run < runs; run++)
        {
            await using var service = await ServiceProcess.StartAsync(arguments, cancellationToken);
            await using var client = new InferenceClient(service.Endpoint);
            ready.Add(service.ReadySeconds);
            status = await client.StatusAsync(cancellationToken);
            // The first photo of a process is the one that people wait for; it is measured, not warmed up for.
            var photo = PhonePhoto.Make(run);
            var begun = Stopwatch.GetTimestamp();
            var hash = await SendAsync(client, photo, cancellationToken);
            var one = await AnswerAsync(client, hash, tokens, 1, cancellationToken);
            first.Add(Stopwatch.GetElapsedTime(begun, one.FirstToken).TotalSeconds);
            alone.Add((await AnswerAsync(client, hash, tokens, 2, cancellationToken)).Done.Timings.TokensPerSecond);
            var all = await Task.WhenAll(Enumerable.Range(3, Together).Select(seed => AnswerAsync(client, hash, tokens, seed, cancellationToken)));
            var span = Stopwatch.GetElapsedTime(all.Min(answer => answer.FirstToken), all.Max(answer => answer.End)).TotalSeconds;
            eight.Add(all.Sum(answer => answer.Done.Usage.ReasoningTokens + answer.Done.Usage.AnswerTokens - 1) / span);
        }
        return new BenchmarkResult(status!.Model, status.ModelHash, status.Device, runs, tokens, ready.Median(), first.Median(), alone.Median(), eight.Median());
    }

    private static async Task<string> SendAsync(InferenceClient client, byte[] photo, CancellationToken cancellationToken)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(photo));
        await client.EnsureImageAsync(hash, _ => ValueTask.FromResult<Stream>(new MemoryStream(photo)), cancellationToken);
        return hash;
    }

    private static async Task<(long FirstToken, long End, Completed Done)> AnswerAsync(
        InferenceClient client, string hash, int tokens, int seed, CancellationToken cancellationToken)
    {
        var request = new AskRequest
        {
            Id = Guid.NewGuid(),
            User = "bench",
            Task = QuestionTask.Solve,
            Language = "en",
            Turns = [new Turn(TurnRole.User, "", [hash])],
            Options = new GenerationOptions { MaxTokens = tokens, Seed = seed, IgnoreEnd = true },
        };
        long? first = null;
        await foreach (var item in client.AskAsync(request, cancellationToken: cancellationToken))
        {
            if (item is Reasoning or Answer) first ??= Stopwatch.GetTimestamp();
            if (item is Completed done) return (first ?? Stopwatch.GetTimestamp(), Stopwatch.GetTimestamp(), done);
            if (item is Failed failed) throw new InvalidOperationException($"The service failed: {failed.Message}");
        }
        throw new InvalidOperationException("The stream ended without a last event.");
    }
}
