using EduVision.Inference.Cache;
using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;

namespace EduVision.Inference.Scheduling;

/// <summary>Where a sequence stands.</summary>
public enum SequenceState
{
    /// <summary>In the queue, with no memory of its own.</summary>
    Waiting,

    /// <summary>Prefilling or decoding.</summary>
    Running,

    /// <summary>Over, with nothing left to its name.</summary>
    Ended,
}

/// <summary>One request as the scheduler sees it: its tokens, how far they are computed, and the memory it holds.</summary>
public sealed class Sequence(string user, Prompt prompt, SamplingParameters sampling, ISequenceOutput output)
{
    private readonly List<int> tokens = [.. prompt.Ids];
    private readonly HashSet<int> seen = [];

    /// <summary>Whose turn it takes.</summary>
    public string User => user;

    /// <summary>What it began with.</summary>
    public Prompt Prompt => prompt;

    /// <summary>Where its tokens go.</summary>
    public ISequenceOutput Output => output;

    /// <summary>Prompt and output so far.</summary>
    public IReadOnlyList<int> Tokens => tokens;

    /// <summary>Tokens made so far, forced ones included.</summary>
    public int OutputCount => tokens.Count - prompt.Ids.Count;

    /// <summary>Where it stands.</summary>
    public SequenceState State { get; internal set; }

    /// <summary>Leading tokens whose keys and values are in the cache.</summary>
    public int Computed { get; internal set; }

    /// <summary>Tokens not computed yet.</summary>
    public int Pending => tokens.Count - Computed;

    /// <summary>True when its prompt is in the cache: it has a token, or a few forced ones, to compute.</summary>
    internal bool IsDecoding => Computed >= prompt.Ids.Count;

    /// <summary>Its KV blocks, in order.</summary>
    internal List<int> Blocks { get; } = [];

    /// <summary>Keys of its full blocks.</summary>
    internal List<BlockKey> Keys { get; } = [];

    /// <summary>Encoded images pinned for it.</summary>
    internal Dictionary<PromptImage, EncodedImage> Images { get; } = [];

    /// <summary>Rises with every admission: the youngest has the highest.</summary>
    internal long Admission { get; set; }

    /// <summary>Prompt tokens that the prefix cache held at the admission.</summary>
    internal int Cached { get; set; }

    /// <summary>Leading tokens that its user's share was charged for.</summary>
    internal int Charged { get; set; }

    /// <summary>When it was admitted, for the measured rates.</summary>
    internal long AdmittedAt { get; set; }

    /// <summary>True while a plan that the runner works on holds a chunk of it.</summary>
    internal bool InFlight { get; set; }

    /// <summary>The place last told to the output; 0 for none.</summary>
    internal int ToldPosition { get; set; }

    internal void Append(int token)
    {
        tokens.Add(token);
        seen.Add(token);
    }

    internal SequenceChunk Chunk(int count) => new()
    {
        Prompt = prompt,
        Tokens = tokens,
        Start = Computed,
        Count = count,
        Blocks = Blocks,
        Images = Images,
        Sample = count == Pending ? new SampleRequest(sampling, OutputCount, seen) : null,
    };

    /// <summary>The key of full block <paramref name="index"/>; keys of the blocks before it must be known.</summary>
    internal BlockKey KeyOf(int index, int blockSize)
    {
        while (Keys.Count <= index)
        {
            var start = Keys.Count * blockSize;
            var images = prompt.Images.Where(image => image.Offset < start + blockSize && image.End > start)
                .Select(image => (image.Identity, image.Offset - start));
            var before = Keys.Count == 0 ? BlockKey.Root : Keys[^1];
            Keys.Add(before.Next(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(tokens).Slice(start, blockSize), images));
        }
        return Keys[index];
    }
}
