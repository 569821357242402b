using EduVision.Inference.Cuda;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Inference.Tests.Runners;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>The kernels choose the tokens that a CPU chooses in float32, and the same bits in whatever company and pieces.</summary>
[Trait("Category", "Gpu")]
public sealed class CudaRunnerTests : RunnerContract, IClassFixture<CudaRunnerTests.Fixture>
{
    public CudaRunnerTests(Fixture fixture) : base(fixture) => Gpu.Require();

    public sealed class Fixture() : TorchRunnerFixture("cuda")
    {
        protected override float Tolerance => 0;

        internal override ModelRunner NewRunner(int blocks = 128) => CudaRunner.Load(Folder, 0, blocks, BlockSize, maxTokens: 512, maxSequences: 16, torchLibrary: null);
    }
}
