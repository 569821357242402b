using System.Globalization;
using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>The table of what fits which budget in docs/operations.md says what the plan says.</summary>
public sealed class MemoryTableTests
{
    private const string Small = "`HeadType=fp8`, `VisionType=fp8`, `ImageTokens=4096`";

    private static readonly (string Memory, string Options, Func<MemoryRequest, MemoryRequest> Change)[] Rows =
    [
        ("10GiB", $"{Small}, `StepTokens=256`, `MaxRunning=8`, `EncoderCacheBytes=0`", request => Tight(request) with { StepTokens = 256, MaxRunning = 8, EncoderCacheBytes = 0 }),
        ("12GiB", Small, Tight),
        ("12GiB", "`HeadType=fp8`", request => request with { Head = WeightType.Fp8 }),
        ("16GiB", "", request => request),
        ("16GiB", Small, Tight),
        ("20GiB", "", request => request),
        ("24GiB", "", request => request),
        ("48GiB", "", request => request),
        ("80GiB", "", request => request),
        ("24GiB", "the BF16 checkpoint", Bf16),
        ("80GiB", "the BF16 checkpoint", Bf16),
    ];

    [Fact]
    public void Every_row_is_what_the_plan_says()
    {
        var document = File.ReadAllText(Path.Combine(Repository.Find("docs"), "operations.md"));
        foreach (var row in Rows.Select(Row)) Assert.True(document.Contains(row, StringComparison.Ordinal), $"docs/operations.md lacks the line\n{string.Join('\n', Rows.Select(Row))}");
    }

    private static string Row((string Memory, string Options, Func<MemoryRequest, MemoryRequest> Change) row)
    {
        var request = new MemoryRequest { Config = KnownModels.All["qwen3-vl-8b"], Budget = ByteSize.Parse(row.Memory)!.Value, ImagePixels = 16_777_216 };
        var plan = MemoryPlan.Of(row.Change(request)).Plan!;
        long Sum(params string[] names) => plan.Parts.Where(part => names.Any(name => part.Name.StartsWith(name, StringComparison.Ordinal))).Sum(part => part.Bytes);
        var cells = new[]
        {
            Sum("text layers", "embeddings", "head", "vision"), Sum("steps", "encoding", "encoded"), Sum("CUDA", "libraries"), Sum("KV"),
        }.Select(bytes => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.00}"));
        return $"| `{row.Memory}` | {(row.Options.Length > 0 ? row.Options : "none")} | {string.Join(" | ", cells)} | {plan.KvTokens.ToString("N0", CultureInfo.InvariantCulture)}{(plan.Fit.EmbeddingsOnHost ? ", embeddings on the host" : "")} |";
    }

    private static MemoryRequest Bf16(MemoryRequest request) => request with { Config = KnownModels.Of("qwen3-vl-8b", WeightType.Bf16) };

    private static MemoryRequest Tight(MemoryRequest request) => (request with { Head = WeightType.Fp8, Vision = WeightType.Fp8 }).WithImageTokens(4096);
}
