using EduVision.Inference.Cache;
using EduVision.Inference.Engine;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Scheduling;
using EduVision.Model.Imaging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>A scheduler with a fake runner, stepped by hand; every step ends with a look at the books.</summary>
internal sealed class Bench : IDisposable
{
    public const int BlockSize = 4;

    private readonly BlockPool pool;
    private readonly EncoderCache encoded;
    private readonly SequenceMemory memory;
    private readonly StepExecutor executor;
    private readonly List<Sequence> added = [];

    public Bench(int blocks = 64, SchedulerOptions? options = null, long encoderBytes = 3000)
    {
        pool = new BlockPool(blocks, BlockSize);
        encoded = new EncoderCache(encoderBytes);
        memory = new SequenceMemory(pool, encoded, image => Runner!.BytesOf(image.Source.Grid));
        Scheduler = new Scheduler(options ?? new SchedulerOptions { StepTokens = 16, MaxRunning = 8 }, memory, new RateMeter(Time), () => { });
        Runner = new FakeRunner(blocks, BlockSize, Next);
        executor = new StepExecutor(Scheduler, memory, new Lock(), NullLogger.Instance, Time);
    }

    public FakeTimeProvider Time { get; } = new();
    public Scheduler Scheduler { get; }
    public FakeRunner Runner { get; }
    public int UsedBlocks => pool.Used;
    public int BlocksFor(Sequence sequence) => pool.BlocksFor(sequence.Tokens.Count);
    public EncoderCache EncoderCache => encoded;

    /// <summary>What the fake model says: a token that depends on all tokens before it.</summary>
    public static int Next(IReadOnlyList<int> tokens) => (int)(tokens.Aggregate(17L, (hash, token) => ((hash * 31) + token) % 1_000_003) % 1000);

    /// <summary>What the fake model says to a prompt that it has for itself.</summary>
    public static int[] Alone(IReadOnlyList<int> prompt, int count)
    {
        List<int> tokens = [.. prompt];
        for (var i = 0; i < count; i++) tokens.Add(Next(tokens));
        return [.. tokens.Skip(prompt.Count)];
    }

    public static Prompt PromptOf(IReadOnlyList<int> ids, params (string Identity, int Offset, int Tokens)[] images) => new()
    {
        Ids = ids,
        Positions = RotaryPositions.Plain(ids.Count),
        Images = [.. images.Select(image => new PromptImage(image.Identity, image.Offset, image.Tokens, new ImageSource(new ImageGrid(1, 2, 2), () => new PatchedImage(new ImageGrid(1, 2, 2), [], [], 1))))],
    };

    public (Sequence Sequence, Recorder Output) Add(string user, int promptTokens, int outputTokens, int seed = 1) =>
        Add(user, PromptOf([.. Enumerable.Range(seed * 1000, promptTokens)]), outputTokens);

    public (Sequence Sequence, Recorder Output) Add(string user, Prompt prompt, int outputTokens) => Add(user, prompt, new Recorder(outputTokens));

    public (Sequence Sequence, Recorder Output) Add(string user, Prompt prompt, Recorder output)
    {
        var sequence = new Sequence(user, prompt, new SamplingParameters(), output);
        Assert.Null(Scheduler.TryAdd(sequence));
        added.Add(sequence);
        return (sequence, output);
    }

    public void Dispose()
    {
        executor.Dispose();
        encoded.Dispose();
    }

    /// <summary>One step.</summary>
    /// <returns>The plan, or null if there was nothing to do.</returns>
    public StepPlan? Step()
    {
        var plan = Scheduler.Plan();
        if (plan is null)
        {
            executor.Rest();
            Scheduler.CheckIntegrity();
            return null;
        }
        var whole = plan.Chunks.Where(entry => entry.Chunk.Count == entry.Sequence.Pending).Select(entry => entry.Sequence).ToHashSet();
        if (plan.Tokens - plan.Decodes < Scheduler.Pace.PromptTokens(plan.Decodes, Scheduler.StepTokens - plan.Decodes))
            Assert.All(added, sequence => Assert.True(sequence.State != SequenceState.Running || whole.Contains(sequence) || memory.Encodable(sequence, sequence.Pending, plan) < sequence.Pending, "a step with room left leaves out what could be computed"));
        executor.Run(Runner, plan);
        Scheduler.CheckIntegrity();
        return plan;
    }

    /// <summary>Steps until nothing is left to do.</summary>
    public void Drain(int limit = 10_000)
    {
        for (var i = 0; i < limit; i++)
        {
            if (Step() is not null) continue;
            if (Scheduler.Waiting == 0 && Scheduler.Running == 0)
            {
                Assert.Equal(0, Runner.Encodings);
                return;
            }
            // Images load on other threads, which a busy machine may take its time for.
            Thread.Sleep(1);
        }
        Assert.Fail($"{Scheduler.Waiting} wait and {Scheduler.Running} run after {limit} steps.");
    }
}
