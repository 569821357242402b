using EduVision.Inference.Cuda;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Runners.Torch;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Cuda;

public sealed class StepBatchTests
{
    private const int BlockSize = 16, TileTokens = 8, Scratch = 99;

    [Fact]
    public void Decodes_are_filled_up_to_a_power_of_two_with_tokens_that_write_where_nobody_reads()
    {
        using var batch = New(Chunk(tokens: 20, start: 19, firstBlock: 10), Chunk(tokens: 5, start: 4, firstBlock: 20), Chunk(tokens: 40, start: 39, firstBlock: 30));
        Assert.True(batch.IsDecode);
        Assert.Equal((4, 4), (batch.Tokens, batch.Sampled));
        Assert.Equal([19, 4, 39, 0], Read(batch, batch.Places, 4));
        Assert.Equal([(11 * BlockSize) + 3, (20 * BlockSize) + 4, (32 * BlockSize) + 7, Scratch * BlockSize], Read(batch, batch.Slots, 4));
        Assert.Equal([(0, 1, 0), (1, 1, 1), (2, 1, 2), (3, 1, 3)], batch.Decodes);
        Assert.Empty(batch.Tiles);
        Assert.Equal([10, 11, 0], Read(batch, batch.Tables, 3));
        Assert.Equal(Scratch, Read(batch, batch.Tables, (3 * batch.TableWidth) + 1)[^1]);
        Assert.Equal([0, 1, 2, 3], Read(batch, batch.SampledRows, 4));
    }

    [Fact]
    public void Arrays_of_steps_of_one_size_lie_in_the_same_places()
    {
        using var one = New(Chunk(20, 19, 10), Chunk(5, 4, 20), Chunk(7, 6, 40));
        using var other = New(Chunk(300, 299, 0), Chunk(1, 0, 50), Chunk(17, 16, 60), Chunk(30, 29, 70));
        Assert.Equal((one.Tokens, one.TableWidth, one.Numbers.Count), (other.Tokens, other.TableWidth, other.Numbers.Count));
        Assert.Equal((one.Places, one.Tables, one.DecodesFrom(0), one.SampledRows), (other.Places, other.Tables, other.DecodesFrom(0), other.SampledRows));
    }

    [Fact]
    public void A_prompt_is_attended_to_in_tiles_the_latest_first_and_a_decode_beside_it_by_itself()
    {
        using var batch = New(Chunk(tokens: 25, start: 5, firstBlock: 0, count: 18), Chunk(tokens: 9, start: 8, firstBlock: 8));
        Assert.False(batch.IsDecode);
        Assert.Equal((19, 1), (batch.Tokens, batch.Sampled));
        Assert.Equal([(16, 2, 0), (8, 8, 0), (0, 8, 0)], batch.Tiles);
        Assert.Equal([16, 2, 0, 8, 8, 0, 0, 8, 0], Read(batch, batch.TilesFrom(0), 9));
        Assert.Equal([(18, 1, 1)], batch.Decodes);
        Assert.Equal([18, 1, 1], Read(batch, batch.DecodesFrom(0), 3));
        Assert.Equal([18], Read(batch, batch.SampledRows, 1));
        Assert.Equal(Enumerable.Range(5, 18).Append(8), Read(batch, batch.Places, 19));
    }

    [Fact]
    public void Tokens_of_an_image_point_to_its_rows_and_a_written_image_token_does_not()
    {
        using var scope = NewDisposeScope();
        var image = new PromptImage("x", 3, 6, new ImageSource(new ImageGrid(1, 4, 6), () => throw new InvalidOperationException()));
        using var encoded = new TorchEncodedImage(new VisionOutput(arange(6).unsqueeze(1), []));
        using var batch = New(Chunk(tokens: 12, start: 5, firstBlock: 0, count: 7, image, encoded));
        Assert.Equal([-1, -2, -3, -4, 9, 10, 11], Read(batch, batch.Ids, 7));
        Assert.Equal([0, 0, 1, 1, 2, 2, 3, 3], Read(batch, batch.ImageRows, 8));
        Assert.Equal([2L, 3, 4, 5], batch.Images!.Embeddings.view(-1).data<long>().ToArray());
    }

    private static StepBatch New(params SequenceChunk[] chunks) => new(chunks, BlockSize, TileTokens, Scratch);

    private static int[] Read(StepBatch batch, nint array, int count) => [.. batch.Numbers.Skip((int)(array / sizeof(int))).Take(count)];

    private static SequenceChunk Chunk(int tokens, int start, int firstBlock, int count = 1, PromptImage? image = null, EncodedImage? encoded = null) => new()
    {
        Prompt = new Prompt { Ids = [], Positions = RotaryPositions.Plain(0), Images = image is null ? [] : [image] },
        Tokens = [.. Enumerable.Range(0, tokens)], Start = start, Count = count, Blocks = [.. Enumerable.Range(firstBlock, (tokens + BlockSize - 1) / BlockSize)],
        Images = image is null ? new Dictionary<PromptImage, EncodedImage>() : new Dictionary<PromptImage, EncodedImage> { [image] = encoded! },
        Sample = start + count == tokens ? new SampleRequest(new SamplingParameters(), 0, new HashSet<int>()) : null,
    };
}
