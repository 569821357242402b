using EduVision.Inference.Cuda;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Inference.Tests.Runners;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>The kernels choose the tokens that a CPU chooses in float32, and the same bits in whatever company and pieces.</summary>
[Trait("Category", "Gpu")]
public sealed class CudaRunnerTests : RunnerContract, IClassFixture<CudaRunnerTests.Fixture>
{
    private readonly Fixture fixture;

    public CudaRunnerTests(Fixture fixture) : base(fixture)
    {
        Gpu.Require();
        this.fixture = fixture;
    }

    /// <summary>Long enough for several spans of attention: in one pass, span by span behind a long past, and as decodes.</summary>
    [Theory]
    [InlineData(300)]
    [InlineData(77)]
    [InlineData(9)]
    [InlineData(1)]
    public void A_long_prompt_gives_the_same_bits_in_chunks_of_any_size(int chunk)
    {
        using var runner = fixture.NewRunner();
        var prompt = new Prompt { Ids = [.. Enumerable.Range(0, 900).Select(i => i * 7 % 1000)], Positions = RotaryPositions.Plain(900), Images = [] };
        var expected = TorchRunnerFixture.Generate(runner, prompt, 3, chunk: 512, firstBlock: 0, blockCount: 64);
        fixture.Same(expected, TorchRunnerFixture.Generate(runner, prompt, 3, chunk, firstBlock: 64, blockCount: 64));
    }

    public sealed class Fixture() : TorchRunnerFixture("cuda")
    {
        protected override float Tolerance => 0;

        internal override ModelRunner NewRunner(int blocks = 128) => CudaRunner.Load(Folder, 0, blocks, BlockSize, maxTokens: 512, maxSequences: 16, torchLibrary: null);
    }
}

/// <summary>The same of a model whose text layers are in BF16.</summary>
[Trait("Category", "Gpu")]
public sealed class Bf16CudaRunnerTests : RunnerContract, IClassFixture<Bf16CudaRunnerTests.Fixture>
{
    private readonly Fixture fixture;

    public Bf16CudaRunnerTests(Fixture fixture) : base(fixture)
    {
        Gpu.Require();
        this.fixture = fixture;
    }

    [Fact]
    public void A_head_in_FP8_begins_as_one_in_BF16()
    {
        var prompt = fixture.PromptOf("Solve the problem in the photo.", 3);
        using var plain = fixture.NewRunner();
        using var small = fixture.NewRunner(new CudaFit { Head = WeightType.Fp8 });
        var (expected, actual) = (TorchRunnerFixture.Generate(plain, prompt, 1)[0], TorchRunnerFixture.Generate(small, prompt, 1)[0]);
        Assert.Equal(expected.Id, actual.Id);
        Assert.Equal(expected.LogProbability, actual.LogProbability, 0.3f);
    }

    public sealed class Fixture() : TorchRunnerFixture("cuda", Bf16Nano.Write()), IDisposable
    {
        public void Dispose() => Directory.Delete(Folder, recursive: true);

        protected override float Tolerance => 0;

        internal override ModelRunner NewRunner(int blocks = 128) => NewRunner(CudaFit.Roomy, blocks);

        internal ModelRunner NewRunner(CudaFit fit, int blocks = 128) => CudaRunner.Load(Folder, 0, blocks, BlockSize, maxTokens: 512, maxSequences: 16, torchLibrary: null, fit);
    }
}
