using EduVision.Inference.Cuda;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Probing;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>Layer by layer the kernels compute what a CPU computes in float32.</summary>
[Trait("Category", "Gpu")]
public sealed class CudaProbeTests
{
    [Fact]
    public void Hidden_states_agree_layer_by_layer_and_the_greedy_tokens_are_the_same()
    {
        Gpu.Require();
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        File.WriteAllBytes(Path.Combine(folder.Path, "photo.png"), Pictures.Png(320, 256, 3));
        var messages = Path.Combine(folder.Path, "case.json");
        File.WriteAllText(messages, """[{"role":"user","content":[{"type":"image","image":"photo.png"},{"type":"text","text":"Solve the problem in the photo."}]}]""");
        var model = Repository.Find("models/nano");
        using var probe = Probe.Load(model, CPU, ScalarType.Float32);
        using var expected = probe.Run(messages, greedy: 16, layers: true);
        using var actual = CudaProbe.Run(model, messages, greedy: 16, layers: true, torchLibrary: null);
        Assert.Equal(expected.InputIds.data<long>().ToArray(), actual.InputIds.data<long>().ToArray());
        Assert.Equal(expected.HiddenStates!.shape, actual.HiddenStates!.shape);
        for (var layer = 0; layer < expected.HiddenStates.shape[0]; layer++)
        {
            var difference = (expected.HiddenStates[layer] - actual.HiddenStates[layer]).norm().item<float>() / expected.HiddenStates[layer].norm().item<float>();
            Assert.True(difference < 2e-2f, $"layer {layer}: {difference}");
        }
        Assert.Equal(expected.Greedy.data<long>().ToArray(), actual.Greedy.data<long>().ToArray());
    }
}
