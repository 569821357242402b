using EduVision.Inference.Cuda;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Inference.Tests.Runners;

namespace EduVision.Inference.Tests.Cuda;

/// <summary>With its embeddings in this machine's memory the model gives the very bits that it gives with them on the GPU.</summary>
[Trait("Category", "Gpu")]
public sealed class HostEmbeddingTests : RunnerContract, IClassFixture<HostEmbeddingTests.Fixture>
{
    private readonly Fixture fixture;

    public HostEmbeddingTests(Fixture fixture) : base(fixture)
    {
        Gpu.Require();
        this.fixture = fixture;
    }

    [Fact]
    public void The_bits_are_those_of_embeddings_on_the_GPU()
    {
        var prompt = fixture.PromptOf("Solve the problem in the photo.", 3);
        using var here = fixture.NewRunner();
        using var there = fixture.NewRunner(CudaFit.Roomy);
        fixture.Same(TorchRunnerFixture.Generate(there, prompt, 20), TorchRunnerFixture.Generate(here, prompt, 20));
    }

    public sealed class Fixture() : TorchRunnerFixture("cuda")
    {
        protected override float Tolerance => 0;

        internal override ModelRunner NewRunner(int blocks = 128) => NewRunner(new CudaFit { EmbeddingsOnHost = true }, blocks);

        internal ModelRunner NewRunner(CudaFit fit, int blocks = 600) => CudaRunner.Load(Folder, 0, blocks, BlockSize, maxTokens: 512, maxSequences: 32, torchLibrary: null, fit);
    }
}

/// <summary>Head and vision tower in FP8: nearly what they are in BF16, and the same bits in every company.</summary>
[Trait("Category", "Gpu")]
public sealed class Fp8FitTests : IClassFixture<HostEmbeddingTests.Fixture>
{
    private static readonly CudaFit Fp8 = new() { EmbeddingsOnHost = true, Head = WeightType.Fp8, Vision = WeightType.Fp8, AttentionBytes = 4 << 20 };

    private readonly HostEmbeddingTests.Fixture fixture;

    public Fp8FitTests(HostEmbeddingTests.Fixture fixture)
    {
        Gpu.Require();
        this.fixture = fixture;
    }

    [Fact]
    public void Answers_begin_as_in_BF16_and_are_about_as_likely()
    {
        using var small = fixture.NewRunner(Fp8);
        using var roomy = fixture.NewRunner(CudaFit.Roomy);
        foreach (var prompt in new[] { fixture.PromptOf("Solve the problem in the photo.", 3), fixture.PromptOf("Look.", 1) })
        {
            var (expected, actual) = (TorchRunnerFixture.Generate(roomy, prompt, 1)[0], TorchRunnerFixture.Generate(small, prompt, 1)[0]);
            TestContext.Current.TestOutputHelper!.WriteLine($"{expected.Id} {expected.LogProbability}, {actual.Id} {actual.LogProbability}");
            Assert.Equal(expected.Id, actual.Id);
            Assert.Equal(expected.LogProbability, actual.LogProbability, 0.3f);
        }
    }

    [Fact]
    public void A_sequence_gives_the_same_bits_alone_and_among_more_than_a_head_takes_at_once()
    {
        const int together = 21, tokens = 6;
        using var runner = fixture.NewRunner(Fp8);
        var prompts = Enumerable.Range(0, together).Select(i => fixture.PromptOf($"Question {i}: {new string('?', i)}")).ToList();
        var alone = prompts.Select(prompt => TorchRunnerFixture.Generate(runner, prompt, tokens)).ToList();
        var texts = prompts.Select(prompt => prompt.Ids.ToList()).ToList();
        var none = new Dictionary<PromptImage, EncodedImage>();
        for (var step = 0; step < tokens; step++)
        {
            var chunks = texts.Select((text, i) => TorchRunnerFixture.Chunk(
                prompts[i], text, step == 0 ? 0 : text.Count - 1, step == 0 ? text.Count : 1, [.. Enumerable.Range(i * 25, 25)], none)).ToList();
            // Prompts one by one, then decodes all together.
            var results = step == 0 ? chunks.Select(chunk => runner.Step([chunk])[0]).ToList() : [.. runner.Step(chunks)];
            for (var i = 0; i < together; i++)
            {
                fixture.Same([alone[i][step]], [results[i].Token!]);
                texts[i].Add(results[i].Token!.Id);
            }
        }
    }
}
