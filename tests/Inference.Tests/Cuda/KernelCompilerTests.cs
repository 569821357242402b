using EduVision.Inference.Cuda.Driver;
using EduVision.Inference.Tests.Fakes;

namespace EduVision.Inference.Tests.Cuda;

public sealed class KernelCompilerTests : IDisposable
{
    private static readonly (string, int)[] Sizes = [("HEADS", 32), ("KV_HEADS", 8), ("HEAD_DIM", 128), ("BLOCK_SIZE", 16), ("STAGES", 2), ("DEPTH", 2)];
    private readonly TemporaryFolder folder = new();
    private int compiled;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Machine_code_is_made_once_for_a_source_its_options_a_compiler_and_a_driver()
    {
        var first = NewCompiler("13.0 580").Compile("linear", "sm_90a", Sizes);
        Assert.Equal(first, NewCompiler("13.0 580").Compile("linear", "sm_90a", Sizes));
        Assert.Equal(1, compiled);
        NewCompiler("13.0 580").Compile("linear", "sm_89", Sizes);
        NewCompiler("13.0 580").Compile("tokens", "sm_90a", Sizes);
        NewCompiler("13.0 581").Compile("linear", "sm_90a", Sizes);
        NewCompiler("13.0 580").Compile("linear", "sm_90a", [("HEADS", 6), .. Sizes[1..]]);
        Assert.Equal(5, compiled);
        Assert.Equal(5, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void Where_nothing_can_be_kept_it_is_compiled_each_time()
    {
        var file = Path.Combine(folder.Path, "a-file");
        File.WriteAllText(file, "");
        for (var i = 0; i < 2; i++) new KernelCompiler(Fake, "1", Path.Combine(file, "below")).Compile("linear", "sm_90a", Sizes);
        Assert.Equal(2, compiled);
    }

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_89")]
    [InlineData("sm_90a")]
    [InlineData("sm_100")]
    public void Every_kernel_compiles_for_every_chip(string architecture)
    {
        var nvrtc = Nvrtc.Find(null);
        Assert.SkipWhen(nvrtc is null, "There is no NVRTC on the library path.");
        var compiler = new KernelCompiler(nvrtc.Compile, nvrtc.Version, null);
        foreach (var file in KernelCompiler.FilesFor(architecture))
            foreach (var sizes in new (string, int)[][] { Sizes, [("HEADS", 6), ("KV_HEADS", 2), ("HEAD_DIM", 64), ("BLOCK_SIZE", 16), ("STAGES", 3), ("DEPTH", 1)] })
                Assert.True(compiler.Compile(file, architecture, sizes).Length > 1000, file);
    }

    private KernelCompiler NewCompiler(string version) => new(Fake, version, folder.Path);

    private byte[] Fake(string source, string name, IReadOnlyList<string> options)
    {
        Assert.Contains("DEVICE", source, StringComparison.Ordinal);
        compiled++;
        return [.. System.Text.Encoding.UTF8.GetBytes(name + string.Join(' ', options))];
    }
}
