using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Torch;
using EduVision.Inference.Tests.Fakes;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Runners;

public sealed class TorchRunnerTests(TorchRunnerFixture fixture) : RunnerContract(fixture), IClassFixture<TorchRunnerFixture>
{
    private readonly TorchRunnerFixture fixture = fixture;

    [Fact]
    public void Attention_in_torch_operations_agrees_with_the_one_over_raw_memory()
    {
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var text = fixture.Model.Config.Text;
        var layout = new KvLayout(64, 16);
        using var raw = new CpuPagedAttention(text, layout, threads: 2);
        using var ops = new DevicePagedAttention(text, layout, CPU, ScalarType.Float32);
        var prompt = new Prompt { Ids = [.. Enumerable.Range(0, 200)], Positions = RotaryPositions.Plain(200) };
        var none = new Dictionary<PromptImage, EncodedImage>();
        (int Start, int Count, int FirstBlock)[][] passes = [[(0, 60, 0), (0, 1, 20), (0, 5, 40)], [(60, 30, 0), (1, 1, 20), (5, 1, 40)], [(90, 1, 0), (2, 3, 20), (6, 50, 40)]];
        foreach (var pass in passes)
        {
            List<SequenceChunk> chunks = [.. pass.Select(part => TorchRunnerFixture.Chunk(prompt, prompt.Ids, part.Start, part.Count, [.. Enumerable.Range(part.FirstBlock, 15)], none))];
            raw.Begin(chunks);
            ops.Begin(chunks);
            var total = pass.Sum(part => part.Count);
            for (var layer = 0; layer < text.Layers; layer++)
            {
                var (query, key, value) = (randn([total, text.Heads, text.HeadDim]), randn([total, text.KvHeads, text.HeadDim]), randn([total, text.KvHeads, text.HeadDim]));
                Assert.True(raw.Attend(layer, query, key, value).allclose(ops.Attend(layer, query, key, value), 1e-4, 1e-5));
            }
        }
    }
}

/// <summary>The same on a GPU, in float32: it has to choose the very tokens that a CPU chooses.</summary>
[Trait("Category", "Gpu")]
public sealed class GpuTorchRunnerTests : RunnerContract, IClassFixture<GpuTorchRunnerTests.Fixture>
{
    public GpuTorchRunnerTests(Fixture fixture) : base(fixture) => Gpu.Require();

    public sealed class Fixture() : TorchRunnerFixture("cuda");
}
