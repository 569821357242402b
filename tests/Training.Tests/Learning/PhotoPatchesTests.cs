using EduVision.Model.Imaging;
using EduVision.Training.Learning;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Learning;

public sealed class PhotoPatchesTests
{
    [Fact]
    public void Patches_made_in_training_are_the_image_processors()
    {
        using var nano = new TinyNano();
        using var scope = NewDisposeScope();
        const int width = 320, height = 256, photos = 2;
        var random = new Random(4);
        var bytes = new byte[photos * width * height * 3];
        random.NextBytes(bytes);
        // Sides are multiples of 32 within the limits: the processor leaves the size as it is.
        PatchedImage[] expected = [.. bytes.Chunk(width * height * 3).Select(one => nano.Processor.Images.Process(new RgbImage(width, height, one)))];
        var grid = new ImageGrid(1, height / 16, width / 16);
        Assert.All(expected, one => Assert.Equal(grid, one.Grid));
        var actual = PhotoPatches.Of(tensor(bytes, [photos, height, width, 3]), grid, float32);
        Assert.Equal([photos * grid.Patches, 1536], actual.shape);
        Assert.True(actual.allclose(cat([.. expected.Select(one => one.ToTensor())]), rtol: 0, atol: 1e-6));
    }
}
