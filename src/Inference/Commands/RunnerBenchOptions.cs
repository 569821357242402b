using System.CommandLine;
using EduVision.Inference.Benchmarks;
using EduVision.Inference.Runners;

namespace EduVision.Inference.Commands;

/// <summary>What <c>bench --random</c> can be told.</summary>
internal sealed class RunnerBenchOptions
{
    private readonly Option<string?> random = new("--random") { Description = $"Instead of a service, the GPU kernels alone with random weights of {string.Join(", ", KnownModels.All.Keys)}." };
    private readonly Option<string> dtype = new("--dtype") { Description = "With --random: how the text layers' weights are held, fp8 or bf16; fp8,bf16 measures both, one after the other.", DefaultValueFactory = _ => "fp8" };
    private readonly Option<string> image = new("--image") { Description = "With --random: the photo of each prompt, WIDTHxHEIGHT.", DefaultValueFactory = _ => "1024x1024" };
    private readonly Option<int> prompt = Count("--prompt", "text tokens of each prompt", 256);
    private readonly Option<int> fresh = Count("--new", "tokens decoded for each; fewer where a batch's keys and values would not fit otherwise", 512);
    private readonly Option<string> batch = new("--batch") { Description = "With --random: sequences together, such as 1,4,16, or none.", DefaultValueFactory = _ => "1,4,16,64,128" };
    private readonly Option<int?> prefill = Count("--prefill", "prefill of so many text tokens alone");
    private readonly Option<int?> beside = Count("--beside", "what so many sequences that decode feel of a photo's arrival");
    private readonly Option<int?> context = Count("--context", "one sequence's decodes behind so many tokens");
    private readonly Option<int?> stepTokens = Count("--step-tokens", "tokens of a step of the scheduler, for --beside; the service's own if not given");
    private readonly Option<int> repeat = Count("--repeat", "runs of each measurement; medians are reported", 1);

    public RunnerBenchOptions()
    {
        random.AcceptOnlyFromAmong([.. KnownModels.All.Keys]);
        Check(dtype, text => Types(text) is not null, "--dtype is fp8, bf16 or fp8,bf16.");
        Check(image, text => Numbers(text, 'x') is [>= 64, >= 64], "--image is like 1024x1024, 64 at least.");
        Check(batch, text => Batches(text) is not null, "--batch is like 1,4,16, or none.");
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { random, dtype, image, prompt, fresh, batch, prefill, beside, context, stepTokens, repeat }) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(beside) >= (result.GetValue(stepTokens) ?? Defaults.SchedulerTokens)) result.AddError("--beside must be less than the tokens of a step: a photo needs some of them.");
        });
    }

    /// <summary>What to measure, for each type of weights; null if it is the service.</summary>
    public IReadOnlyList<RunnerWorkload>? Workloads(ParseResult parsed) =>
        Workload(parsed) is { } workload ? [.. Types(parsed.GetValue(dtype)!)!.Select(type => workload with { Dtype = type })] : null;

    private RunnerWorkload? Workload(ParseResult parsed)
    {
        if (parsed.GetValue(random) is not { } model) return null;
        var size = Numbers(parsed.GetValue(image)!, 'x')!;
        return new RunnerWorkload
        {
            Model = model, ImageWidth = size[0], ImageHeight = size[1], PromptTokens = parsed.GetValue(prompt), NewTokens = parsed.GetValue(fresh), Batches = Batches(parsed.GetValue(batch)!)!,
            Prefill = parsed.GetValue(prefill), Beside = parsed.GetValue(beside), Context = parsed.GetValue(context), SchedulerTokens = parsed.GetValue(stepTokens) ?? Defaults.SchedulerTokens,
            Repeat = parsed.GetValue(repeat),
        };
    }

    private static RunnerWorkload Defaults { get; } = new() { Model = "" };

    private static Option<int> Count(string name, string what, int otherwise)
    {
        var option = new Option<int>(name) { Description = $"With --random: {what}.", DefaultValueFactory = _ => otherwise };
        Check(option, text => int.TryParse(text, out var number) && number >= 1, $"{name} is a number, 1 at least.");
        return option;
    }

    private static Option<int?> Count(string name, string what)
    {
        var option = new Option<int?>(name) { Description = $"With --random: {what}." };
        Check(option, text => int.TryParse(text, out var number) && number >= 1, $"{name} is a number, 1 at least.");
        return option;
    }

    private static void Check(Option option, Func<string, bool> isGood, string otherwise) => option.Validators.Add(result =>
    {
        if (result.Tokens is [var token] && !isGood(token.Value)) result.AddError(otherwise);
    });

    private static IReadOnlyList<WeightType>? Types(string text) => text switch
    {
        "fp8" => [WeightType.Fp8],
        "bf16" => [WeightType.Bf16],
        "fp8,bf16" => [WeightType.Fp8, WeightType.Bf16],
        _ => null,
    };

    private static List<int>? Batches(string text) => text == "none" ? [] : Numbers(text, ',');

    private static List<int>? Numbers(string text, char separator)
    {
        List<int> numbers = [];
        foreach (var part in text.Split(separator))
        {
            if (!int.TryParse(part, out var number) || number < 1) return null;
            numbers.Add(number);
        }
        return numbers;
    }
}
