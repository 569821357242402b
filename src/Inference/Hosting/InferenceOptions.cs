using System.ComponentModel.DataAnnotations;
using EduVision.Inference.Runners;

namespace EduVision.Inference.Hosting;

/// <summary>Everything that can be set, with its default; section <c>Inference</c> of the configuration. Validated at start.</summary>
public sealed class InferenceOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Inference";

    /// <summary>Folder of a published Qwen3-VL checkpoint; null looks for <c>models/nano</c> here and upwards.</summary>
    public string? ModelDirectory { get; set; }

    /// <summary>Address to listen on; port 0 takes a free one.</summary>
    [Required]
    public string Urls { get; set; } = "http://127.0.0.1:5081";

    /// <summary>The key that clients must send; required unless <see cref="Urls"/> is loopback. Also read from <c>EDUVISION_KEY</c>.</summary>
    public string? Key { get; set; }

    /// <summary><c>cpu</c>, <c>cuda</c>, <c>cuda:1</c>, or null for a GPU if there is one.</summary>
    [RegularExpression("cpu|cuda(:[0-9]+)?", ErrorMessage = "Device must be cpu, cuda or cuda:N, such as cuda:0.")]
    public string? Device { get; set; }

    /// <summary>What computes on a GPU.</summary>
    public RunnerKind Runner { get; set; } = RunnerKind.Auto;

    /// <summary>Threads of a CPU device; null for one per core.</summary>
    [Range(1, 1024)]
    public int? Threads { get; set; }

    /// <summary>Folder with the libtorch of an installed PyTorch (its <c>torch/lib</c>), instead of the one built in.</summary>
    public string? TorchLibrary { get; set; }

    /// <summary>Where uploaded images are kept; null is a folder of this process under the temporary folder, gone when it ends.</summary>
    public string? DataDirectory { get; set; }

    /// <summary>Most requests that wait.</summary>
    [Range(1, 100_000)]
    public int QueueLimit { get; set; } = 256;

    /// <summary>Most requests of one user, waiting and running.</summary>
    [Range(1, 100_000)]
    public int PerUserLimit { get; set; } = 64;

    /// <summary>Most requests decoded together; at most <see cref="StepTokens"/>, or <see cref="Placement.UsualStepTokens"/>.</summary>
    [Range(1, 1024)]
    public int MaxRunning { get; set; } = 16;

    /// <summary>
    /// Most tokens computed in one step, prefill chunks and decodes together. Null: <see cref="Cuda.MemoryPlan.RoomyStepTokens"/> where our GPU
    /// kernels compute and their memory leaves room, elsewhere <see cref="Placement.UsualStepTokens"/>. Beside decodes a step has fewer: see <see cref="Slowdown"/>.
    /// </summary>
    [Range(16, 65_536)]
    public int? StepTokens { get; set; }

    /// <summary>
    /// How many times as long as by itself a step of decodes may take for the prompts and images beside it: 1.6 makes running answers up to
    /// 1.6 times as slow while somebody's photo comes in. Less is smoother for those who read, and slower to the first token.
    /// </summary>
    [Range(1.0, 1000.0)]
    public double Slowdown { get; set; } = 1.6;

    /// <summary>
    /// Tokens the KV cache holds, all requests together; a multiple of <see cref="BlockSize"/>. Null: what our GPU kernels' memory leaves
    /// room for, elsewhere <see cref="Runners.Placement.UsualKvTokens"/>.
    /// </summary>
    [Range(256, 100_000_000)]
    public int? KvTokens { get; set; }

    /// <summary>GPU memory for everything, such as <c>24GiB</c>; null takes a share of what is free. See <see cref="ByteSize"/>.</summary>
    public string? Memory { get; set; }

    /// <summary><see cref="Memory"/> in bytes.</summary>
    internal long? MemoryBytes => Memory is { } text ? ByteSize.Parse(text) : null;

    /// <summary>Whether the input embeddings stay in this machine's memory; null lets the memory decide.</summary>
    public bool? EmbeddingsOnHost { get; set; }

    /// <summary>How our GPU kernels hold the head.</summary>
    public WeightType HeadType { get; set; } = WeightType.Bf16;

    /// <summary>How the vision tower's matrices are held where our GPU kernels run.</summary>
    public WeightType VisionType { get; set; } = WeightType.Bf16;

    /// <summary>Most tokens of an image, if fewer than the checkpoint allows; larger images are made smaller.</summary>
    [Range(16, 1_000_000)]
    public int? ImageTokens { get; set; }

    /// <summary>Tokens in a KV block.</summary>
    [Range(8, 256)]
    public int BlockSize { get; set; } = 16;

    /// <summary>Bytes of encoded images kept for the next request that shows them.</summary>
    [Range(0, long.MaxValue)]
    public long EncoderCacheBytes { get; set; } = 256L << 20;

    /// <summary>Most output tokens of one request, reasoning included; also what a request gets that asks for no number.</summary>
    [Range(1, 1_000_000)]
    public int MaxOutputTokens { get; set; } = 40_960;

    /// <summary>Most bytes of a request to <c>/v1/chat/completions</c>, images in base64 included.</summary>
    [Range(1024, 1L << 31)]
    public long MaxApiRequestBytes { get; set; } = 128L << 20;

    /// <summary>Most images of one request.</summary>
    [Range(1, 1000)]
    public int MaxImages { get; set; } = 10;

    /// <summary>Most bytes of one image.</summary>
    [Range(1, 1L << 31)]
    public long MaxImageBytes { get; set; } = 50L << 20;

    /// <summary>Most pixels of one image.</summary>
    [Range(1, 1L << 31)]
    public long MaxImagePixels { get; set; } = 100_000_000;

    /// <summary>Bytes of uploaded images kept; the one unused longest goes first.</summary>
    [Range(1, long.MaxValue)]
    public long ImageStoreBytes { get; set; } = 2L << 30;

    /// <summary>How long the log of an ended request can be read.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan Retention { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Logs of ended requests kept at most; the oldest go first.</summary>
    [Range(1, 100_000)]
    public int RetainedRequests { get; set; } = 256;

    /// <summary>Memory of such logs, about, in bytes; the oldest go first.</summary>
    [Range(0, long.MaxValue)]
    public long RetainedBytes { get; set; } = 256L << 20;

    /// <summary>Reasoning that repeats one span over at least this many tokens has gone round in circles and is ended; an answer, four times as many.</summary>
    [Range(32, 100_000)]
    public int LoopTokens { get; set; } = 256;

    /// <summary>A silent connection says at least this often that it lives.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(10);
}
