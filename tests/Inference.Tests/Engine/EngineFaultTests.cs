using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Engine;
using EduVision.Inference.Hosting;
using EduVision.Inference.Requests;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EduVision.Inference.Tests.Engine;

/// <summary>Faults of a device under the whole service: who hears what, who goes on, and what the process is to end with.</summary>
public sealed class EngineFaultTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_device_is_told_to_every_request_and_the_process_is_to_end_with_its_own_code(bool byTorch)
    {
        using var steps = new SemaphoreSlim(0);
        await using var service = await TestService.StartAsync(configure: options => options.MaxRunning = 1, prepare: runner => runner.BeforeStep = _ =>
        {
            steps.Wait();
            throw byTorch ? new TorchException("CUDA error: an illegal memory access was encountered") : new CudaException("cuStreamSynchronize", 719, "CUDA_ERROR_LAUNCH_FAILED");
        });
        var registry = service.Services.GetRequiredService<RequestRegistry>();
        var logs = Enumerable.Range(0, 3).Select(_ => registry.Join(TestService.Question()).Request!.Log).ToList();
        await TestService.UntilAsync(() => service.Engine.State is { Running: 1, Waiting: 2 });
        var stopping = service.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        Assert.Equal(0, service.Engine.ExitCode);
        steps.Release(10);
        var ends = await Task.WhenAll(logs.Select(LastAsync));
        Assert.Equal([FailureCode.DeviceLost, FailureCode.ShuttingDown, FailureCode.ShuttingDown], ends.Select(end => Assert.IsType<Failed>(end).Code));
        await TestService.UntilAsync(() => stopping.IsCancellationRequested);
        Assert.Equal(ExitCodes.DeviceLost, service.Engine.ExitCode);
        Assert.False(service.Engine.State.Ready);
        Assert.Equal(FailureCode.ShuttingDown, registry.Join(TestService.Question()).Refusal!.Code);
        service.Engine.CheckIntegrity();
    }

    [Fact]
    public async Task A_device_lost_while_an_image_is_encoded_concerns_its_request_alone()
    {
        using var steps = new SemaphoreSlim(0);
        await using var service = await TestService.StartAsync(
            tiny => _ => tiny.Tokenizer.Encode("a", false)[0], options => options.LoopTokens = 100_000,
            runner => (runner.BeforeStep, runner.BeforeEncode) = (_ => steps.Wait(), () => throw new TorchException("CUDA error: device-side assert triggered")));
        var image = await service.StoreAsync(Pictures.Png());
        var registry = service.Services.GetRequiredService<RequestRegistry>();
        var first = registry.Join(TestService.Question()).Request!.Log;
        await TestService.UntilAsync(() => service.Engine.State.Running == 1);
        var second = registry.Join(TestService.Question("look", image)).Request!.Log;
        steps.Release(10_000);
        Assert.Equal((FailureCode.ShuttingDown, FailureCode.DeviceLost), (Assert.IsType<Failed>(await LastAsync(first)).Code, Assert.IsType<Failed>(await LastAsync(second)).Code));
        await TestService.UntilAsync(() => service.Engine.ExitCode == ExitCodes.DeviceLost);
    }

    [Fact]
    public async Task A_fault_of_the_engine_itself_ends_in_order_as_well()
    {
        // Fewer results than chunks: nothing that a runner may do.
        await using var service = await TestService.StartAsync(prepare: runner => runner.Results = _ => null!);
        Assert.Equal(FailureCode.ShuttingDown, Assert.IsType<Failed>(await LastAsync(service.Services.GetRequiredService<RequestRegistry>().Join(TestService.Question()).Request!.Log)).Code);
        await TestService.UntilAsync(() => service.Engine.ExitCode == ExitCodes.EngineFault);
    }

    [Fact]
    public async Task Where_memory_runs_out_a_step_gets_smaller_and_the_texts_are_the_same()
    {
        await using var service = await TestService.StartAsync(prepare: runner => runner.StepRoom = 9);
        var all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => service.AskAsync(TestService.Question())));
        foreach (var events in all)
        {
            Assert.IsType<Completed>(events[^1]);
            Assert.Equal("x = 4", string.Concat(events.OfType<Answer>().Select(piece => piece.Delta)));
        }
        Assert.InRange(service.Runner.LargestStep, 1, 9);
        // It learns: what did not fit once is not tried at every step.
        Assert.InRange(service.Runner.Shortages, 1, 12);
        Assert.True(service.Runner.Released > 0);
        Assert.Equal(0, service.Engine.ExitCode);
    }

    [Fact]
    public async Task What_does_not_fit_by_itself_ends_with_that_reason_and_the_others_go_on()
    {
        await using var service = await TestService.StartAsync(prepare: runner => runner.ImageRoom = 0);
        var image = await service.StoreAsync(Pictures.Png());
        var all = await Task.WhenAll(service.AskAsync(TestService.Question("look", image)), service.AskAsync(TestService.Question()));
        Assert.Equal(FailureCode.OutOfMemory, Assert.IsType<Failed>(all[0][^1]).Code);
        Assert.IsType<Completed>(all[1][^1]);
        service.Runner.ImageRoom = 1;
        Assert.IsType<Completed>((await service.AskAsync(TestService.Question("look", image)))[^1]);
        service.Runner.StepRoom = 0;
        Assert.Equal(FailureCode.OutOfMemory, Assert.IsType<Failed>((await service.AskAsync(TestService.Question()))[^1]).Code);
    }

    [Fact]
    public async Task Values_that_are_no_numbers_end_the_request_and_what_it_left_is_not_used_again()
    {
        await using var service = await TestService.StartAsync(prepare: runner => runner.Fault = chunk => chunk.Sample is null ? null : ChunkResult.NoNumbers.Fault);
        var image = await service.StoreAsync(Pictures.Png());
        var question = TestService.Question("look", image);
        Assert.Equal(FailureCode.NoNumbers, Assert.IsType<Failed>((await service.AskAsync(question))[^1]).Code);
        service.Runner.Fault = null;
        var events = await service.AskAsync(question with { Id = Guid.NewGuid() });
        Assert.Equal(0, Assert.IsType<Completed>(events[^1]).Usage.CachedTokens);
        // Not the image either: the values may have come from it.
        Assert.Equal(2, service.Runner.Encoded);
    }

    [Fact]
    public void Memory_is_measured_with_its_peak_and_what_is_over_the_budget_is_given_back()
    {
        var (plan, _) = MemoryPlan.Of(new MemoryRequest { Config = KnownModels.All["qwen3-vl-8b"], Budget = 24L << 30, ImagePixels = 1 << 22 });
        var watch = new DeviceMemoryWatch(new Placement { Runner = RunnerKind.Cuda, Device = "cuda:0", Blocks = plan!.Blocks, BlockSize = 16, EncoderCacheBytes = 0, Memory = plan });
        var runner = new FakeRunner(4, 4, _ => 0);
        watch.Look(runner, isQuiet: false);
        Assert.Null(watch.Current);
        foreach (var (used, peak, released) in new[] { (20L << 30, 20L << 30, 0), (18L << 30, 20L << 30, 0), (25L << 30, 25L << 30, 1), (25L << 30, 25L << 30, 1), (19L << 30, 25L << 30, 1), (26L << 30, 26L << 30, 2), (19L << 30, 26L << 30, 2) })
        {
            runner.Used = used;
            watch.Look(runner, isQuiet: false);
            Assert.Equal(new MemoryStatus(24L << 30, plan.Total, used, peak), watch.Current);
            Assert.Equal(released, runner.Released);
        }
        // Decodes change nothing: not every one is worth a question to the driver.
        runner.Used = 21L << 30;
        watch.Look(runner, isQuiet: true);
        Assert.Equal(19L << 30, watch.Current!.UsedBytes);
        for (var i = 0; i < 300; i++) watch.Look(runner, isQuiet: true);
        Assert.Equal(21L << 30, watch.Current!.UsedBytes);
    }

    [Fact]
    public async Task The_status_says_what_is_planned_and_what_is_used()
    {
        var (plan, _) = MemoryPlan.Of(new MemoryRequest { Config = KnownModels.All["qwen3-vl-8b"], Budget = 24L << 30, ImagePixels = 1 << 22 });
        await using var service = await TestService.StartAsync(
            prepare: runner => runner.Used = 5L << 30,
            place: options => new Placement { Runner = RunnerKind.Cuda, Device = "cuda:0", Blocks = options.KvTokens!.Value / options.BlockSize, BlockSize = options.BlockSize, EncoderCacheBytes = 1000, Memory = plan });
        await service.Engine.Loaded.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(new MemoryStatus(24L << 30, plan!.Total, 5L << 30, 5L << 30), (await service.Client.StatusAsync(TestContext.Current.CancellationToken)).Memory);
        await using var plain = await TestService.StartAsync();
        Assert.Null((await plain.Client.StatusAsync(TestContext.Current.CancellationToken)).Memory);
    }

    private static async Task<AnswerEvent?> LastAsync(EventLog log)
    {
        AnswerEvent? last = null;
        await foreach (var item in log.ReadAsync(0, TestContext.Current.CancellationToken)) last = item;
        return last;
    }
}
