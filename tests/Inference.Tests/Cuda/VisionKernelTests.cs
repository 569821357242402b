using EduVision.Inference.Benchmarks;
using EduVision.Inference.Cuda;
using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>The vision tower with our kernels against the same tower in torch's operations, in the sizes of the 8B model.</summary>
[Trait("Category", "Gpu")]
public sealed class VisionKernelTests
{
    public VisionKernelTests() => Gpu.Require();

    [Theory]
    [InlineData(16, 24)]
    [InlineData(64, 68)] // more than a band
    public void A_tower_with_our_kernels_gives_what_torch_gives(int rows, int columns)
    {
        var nvrtc = Nvrtc.Find(null)!;
        var config = KnownModels.All["qwen3-vl-8b"];
        using var kernels = new KernelLibrary(new KernelCompiler(nvrtc.Compile, nvrtc.Version, KernelCompiler.DefaultFolder), CudaDriver.Describe(0).Chip, config.Text, 16, WeightType.Fp8);
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var vision = config.Vision with { Depth = 3, DeepStackLayers = [1] };
        var ours = Encode(vision, new VisionKernels(kernels), rows, columns);
        var torchs = Encode(vision, null, rows, columns);
        foreach (var (expected, actual) in torchs.Zip(ours))
        {
            var error = ((actual - expected).norm() / expected.norm()).item<float>();
            TestContext.Current.TestOutputHelper!.WriteLine($"{expected.ne(actual).sum().item<long>()} of {expected.numel()} numbers differ, relative error {error:E1}");
            Assert.InRange(error, 0, 5e-3);
        }
    }

    private static List<Tensor> Encode(Model.Configuration.VisionConfig config, IVisionKernels? kernels, int rows, int columns)
    {
        // The same random weights for both.
        manual_seed(5);
        using var tower = new VisionTower(config, new RandomWeights(CUDA, ScalarType.BFloat16), kernels);
        using var pass = tower.Begin(PatchedImage.Noise(config, new ImageGrid(1, rows, columns), new Random(2)));
        while (!pass.IsDone) pass.Advance();
        using var output = pass.TakeOutput();
        return [.. output.DeepStack.Prepend(output.Embeddings).Select(tensor => tensor.to(ScalarType.Float32).cpu())];
    }
}
