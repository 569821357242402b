using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Inference.Runners.Torch;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Model.Network;
using static TorchSharp.torch;
using Prompt = EduVision.Inference.Runners.Prompt;

namespace EduVision.Inference.Tests.Runners;

/// <summary>A real model below the runner: the bundled one, or one made of it.</summary>
public class TorchRunnerFixture
{
    private readonly string device;
    private static readonly HashSet<int> Nothing = [];

    public const int BlockSize = 16;

    public TorchRunnerFixture() : this("cpu") { }

    /// <param name="device">Where torch computes.</param>
    /// <param name="folder">Another model than the bundled one.</param>
    protected TorchRunnerFixture(string device, string? folder = null)
    {
        (this.device, Folder) = (device, folder ?? Repository.Find("models/nano"));
        Model = new ServedModel(Folder);
    }

    public string Folder { get; }

    internal ServedModel Model { get; }

    /// <summary>A fresh runner with an empty cache.</summary>
    internal virtual ModelRunner NewRunner(int blocks = 128)
    {
        using var _ = no_grad();
        return new TorchRunner(Qwen3VL.Load(Folder, new Device(device), ScalarType.Float32), blocks, BlockSize, threads: 2);
    }

    /// <summary>A conversation of a text and maybe an image of stripes, <paramref name="number"/> of them.</summary>
    internal Prompt PromptOf(string text, int number = 0)
    {
        List<ContentPart> parts = [new TextPart(text)];
        PatchedImage? patched = null;
        if (number > 0)
        {
            var picture = Stripes(number);
            patched = Model.Chat.Images.Process(picture);
            parts.Insert(0, new ImagePart(patched.Grid));
        }
        var built = Model.Chat.Prompts.Build([new ChatMessage(ChatRole.User, parts)]);
        return new Prompt
        {
            Ids = built.InputIds,
            Positions = RotaryPositions.Of(built),
            Images = [.. built.Images.Select(span => new PromptImage($"stripes{number}", span.Start, span.Length, new ImageSource(span.Grid, () => patched!)))],
        };
    }

    /// <summary>One sequence by itself: the prompt in chunks, then greedy tokens one by one; each with its log-probability.</summary>
    internal static List<SampledToken> Generate(ModelRunner runner, Prompt prompt, int count, int chunk = int.MaxValue, int firstBlock = 0, int blockCount = 32)
    {
        List<int> tokens = [.. prompt.Ids];
        int[] blocks = [.. Enumerable.Range(firstBlock, blockCount)];
        var images = prompt.Images.ToDictionary(image => image, image => runner.Encode(image.Source));
        List<SampledToken> made = [];
        var computed = 0;
        while (made.Count < count)
        {
            var size = Math.Min(chunk, tokens.Count - computed);
            var result = runner.Step([Chunk(prompt, tokens, computed, size, blocks, images)])[0];
            Assert.Null(result.Fault);
            computed += size;
            if (result.Token is not { } token) continue;
            made.Add(token);
            tokens.Add(token.Id);
        }
        foreach (var image in images.Values) image.Dispose();
        return made;
    }

    internal static SequenceChunk Chunk(Prompt prompt, IReadOnlyList<int> tokens, int start, int count, IReadOnlyList<int> blocks, IReadOnlyDictionary<PromptImage, EncodedImage> images) => new()
    {
        Prompt = prompt, Tokens = tokens, Start = start, Count = count, Blocks = blocks, Images = images,
        Sample = start + count == tokens.Count ? new SampleRequest(new SamplingParameters { Temperature = 0, TopLogProbs = 1 }, 0, Nothing) : null,
    };

    /// <summary>How far log-probabilities may be apart: sums in another order differ in the last bits.</summary>
    protected virtual float Tolerance => 1e-3f;

    /// <summary>The same tokens, as likely.</summary>
    internal void Same(IReadOnlyList<SampledToken> expected, IReadOnlyList<SampledToken> actual)
    {
        Assert.Equal(expected.Select(token => token.Id), actual.Select(token => token.Id));
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, Tolerance));
    }

    private static RgbImage Stripes(int number)
    {
        const int side = 256;
        var pixels = new byte[side * side * 3];
        for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)(i / 3 % side / (4 * number) % 2 == 0 ? 230 : 20 * number);
        return new RgbImage(side, side, pixels);
    }
}
