using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Runners;
using EduVision.Inference.Tests.Fakes;
using EduVision.Model.Configuration;

namespace EduVision.Inference.Tests.Cuda;

public sealed class KernelCompilerTests : IDisposable
{
    private static readonly Chip Hopper = new("sm_90a", 132);
    private static readonly (string, int)[] Sizes = [("HEADS", 32), ("KV_HEADS", 8), ("HEAD_DIM", 128), ("BLOCK_SIZE", 16), ("STAGES", 2), ("DEPTH", 2)];
    private readonly TemporaryFolder folder = new();
    private int compiled;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Machine_code_is_made_once_for_a_source_its_options_a_compiler_and_a_driver()
    {
        var first = NewCompiler("13.0 580").Compile("linear", Hopper, Sizes);
        Assert.Equal(first, NewCompiler("13.0 580").Compile("linear", Hopper, Sizes));
        Assert.Equal(1, compiled);
        NewCompiler("13.0 580").Compile("linear", new Chip("sm_89", 128), Sizes);
        NewCompiler("13.0 580").Compile("tokens", Hopper, Sizes);
        NewCompiler("13.0 581").Compile("linear", Hopper, Sizes);
        NewCompiler("13.0 580").Compile("linear", Hopper, [("HEADS", 6), .. Sizes[1..]]);
        Assert.Equal(5, compiled);
        Assert.Equal(5, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void Where_nothing_can_be_kept_it_is_compiled_each_time()
    {
        var file = Path.Combine(folder.Path, "a-file");
        File.WriteAllText(file, "");
        for (var i = 0; i < 2; i++) new KernelCompiler(Fake, "1", Path.Combine(file, "below")).Compile("linear", Hopper, Sizes);
        Assert.Equal(2, compiled);
    }

    [Theory]
    [InlineData("sm_80", WeightType.Fp8)]
    [InlineData("sm_80", WeightType.Bf16)]
    [InlineData("sm_89", WeightType.Fp8)]
    [InlineData("sm_89", WeightType.Bf16)]
    [InlineData("sm_90a", WeightType.Fp8)]
    [InlineData("sm_90a", WeightType.Bf16)]
    [InlineData("sm_100", WeightType.Fp8)]
    [InlineData("sm_100", WeightType.Bf16)]
    public void Every_kernel_compiles_for_every_chip(string architecture, WeightType layers)
    {
        var nvrtc = Nvrtc.Find(null);
        Assert.SkipWhen(nvrtc is null, "There is no NVRTC on the library path.");
        Assert.SkipWhen(architecture == "sm_100" && Version.Parse(nvrtc.Version) < new Version(12, 8), $"NVRTC {nvrtc.Version} does not know Blackwell.");
        var compiler = new KernelCompiler(nvrtc.Compile, nvrtc.Version, null);
        var chip = new Chip(architecture, 132);
        foreach (var file in KernelCompiler.FilesFor(chip, layers))
            foreach (var config in new[] { Config(36, 32, 8, 128, 4096, 12288), Config(6, 6, 2, 64, 384, 1024) })
                Assert.True(compiler.Compile(file, chip, KernelLibrary.ConstantsOf(config, 16, chip, layers)).Length > 1000, file);
    }

    private static TextConfig Config(int layers, int heads, int kvHeads, int headDim, int hidden, int intermediate) =>
        new() { VocabSize = 16, HiddenSize = hidden, IntermediateSize = intermediate, Layers = layers, Heads = heads, KvHeads = kvHeads, HeadDim = headDim, Rope = new RopeSettings(1e4, 24, 20, 20) };

    private KernelCompiler NewCompiler(string version) => new(Fake, version, folder.Path);

    private byte[] Fake(string source, string name, IReadOnlyList<string> options)
    {
        Assert.Contains("DEVICE", source, StringComparison.Ordinal);
        compiled++;
        return [.. System.Text.Encoding.UTF8.GetBytes(name + string.Join(' ', options))];
    }
}
