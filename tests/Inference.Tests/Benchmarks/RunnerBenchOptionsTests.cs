using System.CommandLine;
using EduVision.Inference.Commands;
using EduVision.Inference.Runners;

namespace EduVision.Inference.Tests.Benchmarks;

/// <summary>What <c>bench --random</c> makes of <c>--dtype</c>.</summary>
public sealed class RunnerBenchOptionsTests
{
    [Theory]
    [InlineData("", WeightType.Fp8)]
    [InlineData("--dtype fp8", WeightType.Fp8)]
    [InlineData("--dtype bf16", WeightType.Bf16)]
    [InlineData("--dtype fp8,bf16", WeightType.Fp8, WeightType.Bf16)]
    public void Each_type_of_weights_is_measured_with_the_same_workload(string arguments, params WeightType[] types)
    {
        var (parsed, options) = Parse($"--random qwen3-vl-8b --batch 1,4 --new 32 {arguments}");
        Assert.Empty(parsed.Errors);
        var workloads = options.Workloads(parsed)!;
        Assert.Equal(types, workloads.Select(workload => workload.Dtype));
        Assert.All(workloads, workload => Assert.Equal((32, "1,4"), (workload.NewTokens, string.Join(',', workload.Batches))));
    }

    [Theory]
    [InlineData("int8")]
    [InlineData("bf16,fp8")]
    [InlineData("fp8,")]
    public void Another_type_is_refused(string dtype) => Assert.Contains("--dtype is fp8, bf16 or fp8,bf16.", Parse($"--random qwen3-vl-8b --dtype {dtype}").Parsed.Errors.Select(error => error.Message));

    [Fact]
    public void Without_random_weights_the_service_is_measured()
    {
        var (parsed, options) = Parse("");
        Assert.Null(options.Workloads(parsed));
    }

    private static (ParseResult Parsed, RunnerBenchOptions Options) Parse(string arguments)
    {
        var options = new RunnerBenchOptions();
        var command = new RootCommand();
        options.AddTo(command);
        return (command.Parse(arguments), options);
    }
}
