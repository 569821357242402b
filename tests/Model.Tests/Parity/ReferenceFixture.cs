using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Tests.Parity;

/// <summary>A checkpoint folder with conversations and <c>golden.safetensors</c>: what the reference implementation makes of them.</summary>
internal sealed class ReferenceFixture : IDisposable
{
    private const string Archive = "parity-bf16.tar.xz";
    private const string Own = "tiny-fp8";
    private const string Golden = "golden.safetensors";

    private readonly SafetensorsFile golden;

    private ReferenceFixture(string path)
    {
        Path = path;
        golden = SafetensorsFile.Open(System.IO.Path.Combine(path, Golden));
    }

    public string Path { get; }

    /// <summary>The large fixture: the folder or archive that <c>EDUVISION_PARITY</c> names, or the archive in <c>shared/parity</c>.</summary>
    public static ReferenceFixture OpenSharedOrSkip()
    {
        string? source = Environment.GetEnvironmentVariable("EDUVISION_PARITY") ?? SharedFiles.Find($"parity/{Archive}");
        Assert.SkipWhen(source is null, "Neither EDUVISION_PARITY names a fixture nor is shared/parity beside this repository.");
        string folder = File.Exists(source) ? SharedFiles.Unpack(source)
            : File.Exists(System.IO.Path.Combine(source!, Archive)) ? SharedFiles.Unpack(System.IO.Path.Combine(source!, Archive))
            : source!;
        return new ReferenceFixture(System.IO.Path.GetDirectoryName(Directory.GetFiles(folder, Golden, SearchOption.AllDirectories).Single())!);
    }

    /// <summary>The repository's own fixture: FP8 text layers with ragged blocks, two shards, the Thinking template.</summary>
    public static ReferenceFixture OpenOwn() => new(RepositoryFiles.Fixture(Own));

    /// <summary>The conversation of a case.</summary>
    public string Messages(string name) => System.IO.Path.Combine(Path, $"{name}.json");

    public bool Has(string name) => golden.Tensors.ContainsKey(name);

    /// <summary>A tensor of the reference's; the caller owns it.</summary>
    public Tensor Load(string name) => golden.Load(name);

    public void Dispose() => golden.Dispose();
}
