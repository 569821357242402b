using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Configuration;
using EduVision.Model.Imaging;

namespace EduVision.Inference.Benchmarks;

/// <summary>A sequence of random tokens, maybe with a photo, that a benchmark takes through a runner by hand.</summary>
internal sealed class BenchSequence
{
    private static readonly HashSet<int> Nothing = [];
    private static readonly Dictionary<PromptImage, EncodedImage> NoImages = [];

    private readonly int[] blocks;
    private readonly List<int> tokens = [];
    private IReadOnlyDictionary<PromptImage, EncodedImage> images = NoImages;

    /// <summary>A sequence that has these KV blocks to itself.</summary>
    public BenchSequence(Prompt prompt, int[] blocks)
    {
        (Prompt, this.blocks) = (prompt, blocks);
        tokens.AddRange(prompt.Ids);
    }

    public Prompt Prompt { get; }

    /// <summary>Leading tokens whose keys and values are in the cache.</summary>
    public int Computed { get; private set; }

    /// <summary>Tokens so far.</summary>
    public int Length => tokens.Count;

    /// <summary>A prompt of random text, with a photo behind its first few tokens if one is given.</summary>
    public static Prompt RandomPrompt(ModelConfig config, Random random, int textTokens, ImageSource? photo = null, string identity = "")
    {
        const int offset = 4;
        var image = photo is null ? null : new PromptImage(identity, offset, photo.Grid.Tokens(config.Vision.MergeSize), photo);
        // The lower half of a vocabulary has no placeholders.
        int[] ids = [.. Enumerable.Range(0, textTokens + (image?.Tokens ?? 0)).Select(i => i >= image?.Offset && i < image.End ? config.ImageTokenId : random.Next(config.Text.VocabSize / 2))];
        return new Prompt { Ids = ids, Positions = RotaryPositions.Plain(ids.Length), Images = image is null ? [] : [image] };
    }

    /// <summary>A photo of noise.</summary>
    public static ImageSource RandomPhoto(ModelConfig config, RunnerWorkload workload, Random random)
    {
        var grid = workload.Grid(config.Vision);
        var photo = PatchedImage.Noise(config.Vision, grid, random);
        var source = new ImageSource(grid, () => photo);
        source.Take();
        return source;
    }

    /// <summary>Back to the prompt, none of it computed.</summary>
    public void Restart(EncodedImage? encoded = null) => Restart(0, encoded);

    /// <summary>Back to the prompt, of which the first <paramref name="computed"/> tokens are taken to be in the cache.</summary>
    public void Restart(int computed, EncodedImage? encoded = null)
    {
        images = encoded is null ? NoImages : new Dictionary<PromptImage, EncodedImage> { [Prompt.Images[0]] = encoded };
        tokens.RemoveRange(Prompt.Ids.Count, tokens.Count - Prompt.Ids.Count);
        Computed = computed;
    }

    public SequenceChunk Chunk(int count) => new()
    {
        Prompt = Prompt, Tokens = tokens, Start = Computed, Count = count, Blocks = blocks, Images = images,
        Sample = Computed + count == tokens.Count ? new SampleRequest(new SamplingParameters { Temperature = 0 }, 0, Nothing) : null,
    };

    public void Advance(int count, SampledToken? token)
    {
        Computed += count;
        if (token is not null) tokens.Add(token.Id);
    }
}
