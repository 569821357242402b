using EduVision.Model.Configuration;
using EduVision.Model.Imaging;
using NetVips;
using TorchSharp;

namespace EduVision.Model.Tests.Imaging;

public sealed class ImageProcessorTests
{
    private static readonly ImageProcessor Processor = new(new ImageProcessorConfig { MinPixels = 65_536, MaxPixels = 262_144 });

    [Theory]
    [InlineData(517, 333, 512, 320)]
    [InlineData(1, 1, 256, 256)]
    [InlineData(1, 200, 32, 3648)]
    [InlineData(48, 4000, 64, 4000)]
    [InlineData(80, 16, 576, 128)]
    [InlineData(4000, 3000, 576, 416)]
    [InlineData(256, 256, 256, 256)]
    [InlineData(272, 272, 256, 256)]
    [InlineData(304, 304, 320, 320)]
    public void Sides_are_rounded_as_in_the_reference(int width, int height, int newWidth, int newHeight) =>
        Assert.Equal(new ImageGrid(1, newHeight / 16, newWidth / 16), Processor.GridOf(width, height));

    [Theory]
    [InlineData(1, 10_000)]
    [InlineData(10_000, 1)]
    [InlineData(1, 201)]
    public void A_line_is_refused_for_its_shape(int width, int height)
    {
        ImageException refusal = Assert.Throws<ImageException>(() => Processor.GridOf(width, height));
        Assert.Equal(ImageFault.Shape, refusal.Fault);
        using Image picture = Pictures.Quadrants(width, height);
        Assert.Equal(ImageFault.Shape, Assert.Throws<ImageException>(() => Processor.Process(picture.PngsaveBuffer(), Pictures.Limits)).Fault);
    }

    [Fact]
    public void The_same_bytes_as_another_shape_are_another_image()
    {
        byte[] pixels = Pictures.Noise(30, 100, seed: 8).Pixels;
        PatchedImage tall = Processor.Process(new RgbImage(30, 100, pixels));
        PatchedImage wide = Processor.Process(new RgbImage(100, 30, pixels));
        Assert.Equal((tall.Grid.H, tall.Grid.W), (wide.Grid.W, wide.Grid.H));
        Assert.NotEqual(tall.Pixels, wide.Pixels);
    }

    [Fact]
    public void Patches_come_merge_block_by_merge_block_with_the_frame_repeated()
    {
        // Each pixel says where it is: red its column, green its row.
        const int side = 256;
        var pixels = new byte[side * side * 3];
        for (int i = 0; i < side * side; i++)
        {
            (pixels[i * 3], pixels[(i * 3) + 1], pixels[(i * 3) + 2]) = ((byte)(i % side), (byte)(i / side), 9);
        }

        PatchedImage patched = Processor.Process(new RgbImage(side, side, pixels));
        using var tensor = patched.ToTensor();
        float[] values = tensor.data<float>().ToArray();
        int ValueAt(int patch, int channel, int frame, int y, int x) =>
            (int)Math.Round((values[(((((((patch * 3) + channel) * 2) + frame) * 16) + y) * 16) + x] * 127.5) + 127.5);
        // Patch 0 is the corner, 1 right of it, 2 below it, 4 starts the next block, 32 the next row of blocks.
        (int Patch, int Column, int Row)[] places = [(0, 0, 0), (1, 16, 0), (2, 0, 16), (3, 16, 16), (4, 32, 0), (32, 0, 32), (255, 240, 240)];
        foreach ((int patch, int column, int row) in places)
        {
            for (int frame = 0; frame < 2; frame++)
            {
                Assert.Equal(column + 5, ValueAt(patch, 0, frame, 3, 5));
                Assert.Equal(row + 3, ValueAt(patch, 1, frame, 3, 5));
                Assert.Equal(9, ValueAt(patch, 2, frame, 3, 5));
            }
        }
    }

    [Fact]
    public void A_GPUs_way_to_the_patches_gives_the_same_bits()
    {
        using var scope = torch.NewDisposeScope();
        PatchedImage image = Processor.Process(Pictures.Noise(320, 256, seed: 5)) with { Levels = [.. Enumerable.Range(0, 768).Select(i => MathF.Sin(i))] };
        foreach (torch.ScalarType type in new[] { torch.ScalarType.Float32, torch.ScalarType.BFloat16 })
        {
            var looked = PatchedImage.Normalise(image.PixelTensor(), torch.tensor(image.Levels).to(type), image.Frames);
            Assert.True(looked.equal(image.ToTensor().to(type)).all().item<bool>());
        }
    }

    [Fact]
    public void Shrinking_while_decoding_gives_the_same_grid_and_nearly_the_same_pixels()
    {
        using Image noise = Image.Perlin(3200, 2400, cellSize: 64, uchar: true);
        using Image grey = noise.Copy(interpretation: Enums.Interpretation.Bw);
        byte[] photo = grey.JpegsaveBuffer(q: 90);
        PatchedImage exact = Processor.Process(photo, Pictures.Limits, fast: false);
        PatchedImage fast = Processor.Process(photo, Pictures.Limits, fast: true);
        Assert.Equal(exact.Grid, fast.Grid);
        Assert.NotEqual(exact.Pixels, fast.Pixels);
        Assert.All(exact.Pixels.Zip(fast.Pixels), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 8));
    }

    [Fact]
    public void Settings_that_are_not_followed_are_refused_by_name()
    {
        string folder = Directory.CreateTempSubdirectory("eduvision-processor-").FullName;
        try
        {
            string path = Path.Combine(folder, "preprocessor_config.json");
            void Refused(string json, string field)
            {
                File.WriteAllText(path, json);
                Assert.Contains(field, Assert.Throws<ModelFileException>(() => ImageProcessorConfig.Load(folder)).Message, StringComparison.Ordinal);
            }

            Refused("""{"size":{"shortest_edge":1,"longest_edge":2},"resample":2}""", "resample");
            Refused("""{"size":{"shortest_edge":3,"longest_edge":2}}""", "size");
            Refused("""{"min_pixels":1}""", "max_pixels");
            Refused("""{"size":{"shortest_edge":1,"longest_edge":2},"image_std":[1,2,0]}""", "image_std");
            Refused("""{"size":{"shortest_edge":1,"longest_edge":2},"do_normalize":false}""", "do_normalize");
            File.WriteAllText(path, """{"min_pixels":3136,"max_pixels":12845056,"patch_size":14}""");
            ImageProcessorConfig older = ImageProcessorConfig.Load(folder);
            Assert.Equal((3136, 12_845_056, 14), (older.MinPixels, older.MaxPixels, older.PatchSize));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
