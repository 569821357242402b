using System.Diagnostics;
using System.Runtime.InteropServices;
using EduVision.Inference.Benchmarks;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Scheduling;
using EduVision.Inference.Soak;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace EduVision.Inference.Tests.Soak;

/// <summary>A soak finds nothing where all is well, and says what is wrong where it is not.</summary>
public sealed class SoakTests
{
    private const int KvTokens = 1024, BlockSize = 16;

    private static SoakSettings Settings(Func<ModelRunner> load) => new()
    {
        Engine = new InferenceOptions { KvTokens = KvTokens, BlockSize = BlockSize, StepTokens = 64, MaxRunning = 16, EncoderCacheBytes = 3000 },
        Model = KnownModels.All["qwen3-vl-8b"], Load = load, Users = 24, Duration = TimeSpan.FromSeconds(2), Seed = 3, Replays = 16, GrowthBytes = 1L << 30,
    };

    private static FakeRunner NewRunner(Func<IReadOnlyList<int>, int>? next = null) => new(KvTokens / BlockSize, BlockSize, next ?? Bench.Next);

    private static async Task<SoakReport> RunAsync(SoakSettings settings) => await new SoakRun(settings).RunAsync(_ => { }, TestContext.Current.CancellationToken);

    [Fact]
    public async Task Where_all_is_well_everything_holds_and_every_kind_of_thing_has_happened()
    {
        FakeRunner? runner = null;
        var report = await RunAsync(Settings(() => runner = NewRunner()));
        Assert.Empty(report.Findings);
        Assert.True(report is { Finished: > 16, Cancelled: > 0, CachedTokens: > 0, CachedImages: > 0, Preemptions: > 0, SameIsPromised: true, Gpu: null }, report.ToString());
        Assert.True(report.Images > report.CachedImages, report.ToString());
        Assert.Equal((16, 16), (report.Replayed, report.ReplayedSame));
        Assert.InRange(report.LongestWaitTokens, 1, report.PatienceTokens);
        Assert.Equal(0, runner!.LiveImages);
    }

    [Fact]
    public async Task The_bundled_model_bears_it()
    {
        var directory = Repository.Find("models/nano");
        var options = new InferenceOptions { KvTokens = KvTokens, BlockSize = BlockSize, StepTokens = 128, MaxRunning = 6, Device = "cpu", Threads = 1 };
        var report = await RunAsync(Settings(() => RunnerLoader.Load(directory, options, NullLogger.Instance)) with
        {
            Engine = options, Model = ModelConfig.Load(directory), Users = 6, Duration = TimeSpan.FromSeconds(4), Replays = 4,
            // Without collecting garbage for it: a small model's numbers are not worth the time.
            ReadMemory = () => Environment.WorkingSet,
        });
        Assert.Empty(report.Findings);
        Assert.True(report is { Finished: > 0, OutputTokens: > 0, SameIsPromised: false }, report.ToString());
        Assert.True(report.Replayed > 0);
    }

    [Fact]
    public async Task A_runner_whose_answers_depend_on_the_company_is_found_out()
    {
        var company = 0;
        var report = await RunAsync(Settings(() =>
        {
            var runner = NewRunner(tokens => Bench.Next(tokens) + (company > 3 ? 1 : 0));
            runner.BeforeStep = chunks => company = chunks.Count;
            return runner;
        }));
        Assert.Contains(report.Findings, finding => finding.StartsWith("A request was answered otherwise alone than in company", StringComparison.Ordinal) && finding.Contains("in company, ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Memory_that_is_never_given_back_is_found()
    {
        const int bytes = 1 << 20, most = 300;
        List<nint> leaked = [];
        var runner = NewRunner();
        // Native, as a forgotten tensor is; every page has to be touched to count.
        runner.BeforeStep = _ =>
        {
            if (leaked.Count >= most) return;
            var block = Marshal.AllocHGlobal(bytes);
            for (var i = 0; i < bytes; i += 1024) Marshal.WriteByte(block, i, 1);
            leaked.Add(block);
            // Over the whole of the soak, not within its warm-up.
            Thread.Sleep(10);
        };
        try
        {
            var report = await RunAsync(Settings(() => runner) with { Duration = TimeSpan.FromSeconds(3), GrowthBytes = 32 << 20 });
            Assert.Contains(report.Findings, finding => finding.StartsWith("The process grew", StringComparison.Ordinal));
            Assert.True(report.Process.Last > report.Process.First + (32 << 20));
        }
        finally
        {
            leaked.ForEach(Marshal.FreeHGlobal);
        }
    }

    [Fact]
    public async Task KV_blocks_that_nobody_gives_back_are_found()
    {
        var endless = new Endless();
        // Room for more tokens than it will get.
        const int tokens = 1 << 18;
        var options = new InferenceOptions { KvTokens = tokens, BlockSize = BlockSize, StepTokens = 64, MaxRunning = 16 };
        var settings = Settings(() => new FakeRunner(tokens / BlockSize, BlockSize, tokens => tokens.Count % 90)) with { Engine = options, Replays = 1 };
        var report = await new SoakRun(settings)
        {
            // Holds its blocks when all users have gone.
            Loaded = engine => Assert.Null(engine.TryAdd(new Sequence("nobody", Bench.PromptOf([1, 2, 3]), new SamplingParameters(), endless))),
        }.RunAsync(_ => { }, TestContext.Current.CancellationToken);
        Assert.Contains(report.Findings, finding => finding.Contains("KV blocks are held", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Requests_that_fail_and_errors_in_the_log_are_found()
    {
        var steps = 0;
        var runner = NewRunner();
        runner.BeforeStep = _ =>
        {
            if (++steps == 50) throw new InvalidOperationException("a broken step");
        };
        runner.Fault = chunk => chunk.Start > 100 && chunk.Tokens[^1] % 50 == 7 ? "no numbers" : null;
        var report = await RunAsync(Settings(() => runner));
        Assert.Contains(report.Findings, finding => finding.StartsWith("A request failed", StringComparison.Ordinal) && finding.Contains("engine_fault: no numbers", StringComparison.Ordinal));
        Assert.Contains(report.Findings, finding => finding.StartsWith("The engine logged an error", StringComparison.Ordinal) && finding.Contains("a broken step", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_engine_that_stands_still_is_not_waited_for()
    {
        using var release = new ManualResetEventSlim();
        var steps = 0;
        var runner = NewRunner();
        runner.BeforeStep = _ =>
        {
            if (++steps > 20) release.Wait();
        };
        var report = await RunAsync(Settings(() => runner) with { StallLimit = TimeSpan.FromSeconds(0.5) });
        release.Set();
        Assert.Contains(report.Findings, finding => finding.StartsWith("The engine stands still", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, "All of it holds.", "--growth", "1000")]
    [InlineData(2, "KvTokens (1000) must be a multiple of BlockSize", "--kv-tokens", "1000")]
    public async Task The_command_ends_with_a_status_that_says_it(int status, string says, params string[] more)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] few = ["soak", "--model", Repository.Find("models/nano"), "--device", "cpu", "--threads", "1", "--users", "3", "--minutes", "0.03", "--replays", "2"];
        foreach (var argument in (string[])[typeof(InferenceHost).Assembly.Location, .. few, .. more]) start.ArgumentList.Add(argument);
        using var soak = Process.Start(start)!;
        var (output, errors) = (soak.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), soak.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await soak.WaitForExitAsync(TestContext.Current.CancellationToken);
        var said = await output + await errors;
        Assert.True(status == soak.ExitCode, said);
        Assert.Contains(says, said, StringComparison.Ordinal);
    }

    /// <summary>Wants ever more, and never says anything about it.</summary>
    private sealed class Endless : ISequenceOutput
    {
        public void Queued(int position, double? etaSeconds)
        {
        }

        public void Started()
        {
        }

        public void Prefilled(int cachedTokens)
        {
        }

        public Verdict Accept(SampledToken token) => new(null, [1]);

        public void Finish(EduVision.Shared.FinishReason reason)
        {
        }

        public void Fail(string code, string message)
        {
        }
    }
}
