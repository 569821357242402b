using EduVision.Model.Imaging;
using EduVision.Model.Network;
using EduVision.Model.Probing;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Parity;

/// <summary>
/// A conversation with its image files, end to end against the reference implementation in float32: ids, grids and positions
/// identical, pixels within one 8-bit level, logits within 1e-3, greedy tokens identical.
/// </summary>
public sealed class ParityTests
{
    private const double OneLevel = (2 / 255.0) + 1e-5;
    private const double LogitTolerance = 1e-3;
    private const double EmbeddingTolerance = 1e-5;

    [Theory]
    [InlineData("one")]
    [InlineData("two")]
    [InlineData("text")]
    [InlineData("tiny")]
    public void The_shared_fixture_comes_out_as_the_reference_has_it(string name)
    {
        using var fixture = ReferenceFixture.OpenSharedOrSkip();
        Compare(fixture, name);
    }

    [Theory]
    [InlineData("one")]
    [InlineData("two")]
    [InlineData("text")]
    [InlineData("tiny")]
    public void The_repositorys_own_fp8_fixture_comes_out_as_the_reference_has_it(string name)
    {
        using var fixture = ReferenceFixture.OpenOwn();
        Compare(fixture, name);
    }

    [Theory]
    [InlineData("one")]
    [InlineData("tiny")]
    public void The_vision_tower_makes_of_the_references_pixels_what_the_reference_makes(string name)
    {
        using var fixture = ReferenceFixture.OpenSharedOrSkip();
        using var gradients = no_grad();
        using var scope = NewDisposeScope();
        using var model = Qwen3VL.Load(fixture.Path, CPU, ScalarType.Float32);
        List<ImageGrid> grids = [.. Integers(fixture.Load($"{name}.image_grid_thw")).Chunk(3).Select(grid => new ImageGrid((int)grid[0], (int)grid[1], (int)grid[2]))];
        Tensor means = model.Vision.Forward(fixture.Load($"{name}.pixel_values"), grids).Embeddings.mean([-1]);
        AssertClose(fixture.Load($"{name}.image_embeds_mean"), means, EmbeddingTolerance, "means of embeddings");
    }

    private static void Compare(ReferenceFixture fixture, string name)
    {
        using var scope = NewDisposeScope();
        using var probe = Probe.Load(fixture.Path, CPU, ScalarType.Float32);
        using ProbeResult result = probe.Run(fixture.Messages(name), 24);
        Assert.Equal(Integers(fixture.Load($"{name}.input_ids")), Integers(result.InputIds));
        Assert.Equal(Integers(fixture.Load($"{name}.greedy")), Integers(result.Greedy));
        if (fixture.Has($"{name}.position_ids"))
        {
            Assert.Equal(Integers(fixture.Load($"{name}.position_ids")), Integers(result.PositionIds));
        }

        if (fixture.Has($"{name}.image_grid_thw"))
        {
            Assert.Equal(Integers(fixture.Load($"{name}.image_grid_thw")), Integers(result.ImageGrids));
        }

        if (fixture.Has($"{name}.pixel_values"))
        {
            AssertClose(fixture.Load($"{name}.pixel_values"), result.PixelValues, OneLevel, "pixels");
        }

        if (fixture.Has($"{name}.pixel_levels"))
        {
            AssertClose((fixture.Load($"{name}.pixel_levels").to(ScalarType.Float32) / 127.5) - 1, result.PixelValues, OneLevel, "pixels");
        }

        // The golden file may hold the last rows only.
        Tensor logits = fixture.Load($"{name}.logits"), ours = result.Logits!;
        AssertClose(logits, ours.narrow(0, ours.shape[0] - logits.shape[0], logits.shape[0]), LogitTolerance, "logits");
    }

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        float largest = (expected - actual).abs().max().item<float>();
        TestContext.Current.SendDiagnosticMessage($"{what}: largest difference {largest}");
        Assert.InRange(largest, 0, tolerance);
    }

    private static long[] Integers(Tensor tensor) => [.. tensor.data<long>()];
}
