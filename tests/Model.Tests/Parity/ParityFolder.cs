using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Parity;

/// <summary>A checkpoint folder with conversations and <c>golden.safetensors</c>: what the reference implementation makes of them.</summary>
internal sealed class ParityFolder : IDisposable
{
    private readonly SafetensorsFile golden;

    private ParityFolder(string path)
    {
        Path = path;
        golden = SafetensorsFile.Open(System.IO.Path.Combine(path, "golden.safetensors"));
        Processor = ChatProcessor.Load(path);
    }

    public string Path { get; }

    public ChatProcessor Processor { get; }

    /// <summary>The large fixture: <c>EDUVISION_PARITY</c>, or the archive in <c>shared/parity</c>.</summary>
    public static ParityFolder OpenSharedOrSkip()
    {
        string? path = Environment.GetEnvironmentVariable("EDUVISION_PARITY");
        path ??= SharedFiles.Unpack("parity/parity-bf16.tar.xz") is { } folder ? System.IO.Path.Combine(folder, "parity-bf16") : null;
        Assert.SkipWhen(path is null, "Neither EDUVISION_PARITY names a fixture nor is shared/parity beside this repository.");
        return new ParityFolder(path!);
    }

    /// <summary>The repository's own fixture.</summary>
    public static ParityFolder OpenOwn() => new(RepositoryFiles.Fixture("tiny-fp8"));

    public bool Has(string name) => golden.Tensors.ContainsKey(name);

    public long[] Integers(string name)
    {
        using Tensor tensor = golden.Load(name);
        return [.. tensor.data<long>()];
    }

    public float[] Floats(string name)
    {
        using Tensor tensor = golden.Load(name);
        return [.. tensor.data<float>()];
    }

    public byte[] Bytes(string name)
    {
        using Tensor tensor = golden.Load(name);
        return [.. tensor.data<byte>()];
    }

    /// <summary>A conversation through our own decoder, processor, template and tokenizer.</summary>
    public (Prompt Prompt, List<PatchedImage> Images) Prepare(string name)
    {
        var images = new List<PatchedImage>();
        IReadOnlyList<ChatMessage> messages = MessagesFile.Read(System.IO.Path.Combine(Path, $"{name}.json"), path =>
        {
            images.Add(Processor.Images.Process(File.ReadAllBytes(path), new ImageLimits(), fast: false));
            return images[^1].Grid;
        });
        return (Processor.Prompts.Build(messages), images);
    }

    public void Dispose() => golden.Dispose();
}
