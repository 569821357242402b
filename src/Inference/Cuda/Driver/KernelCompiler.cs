using System.Security.Cryptography;
using System.Text;
using EduVision.Inference.Runners;

namespace EduVision.Inference.Cuda.Driver;

/// <summary>
/// Compiles our kernels for a chip and keeps the machine code on disk, by what it was made from: source, options, compiler, driver.
/// </summary>
/// <param name="compile">The compiler: source, name and options to machine code.</param>
/// <param name="version">What the compiler and the driver are.</param>
/// <param name="folder">Where the machine code is kept; null keeps none.</param>
internal sealed class KernelCompiler(Func<string, string, IReadOnlyList<string>, byte[]> compile, string version, string? folder)
{
    /// <summary>The kernel files for every chip.</summary>
    public static readonly IReadOnlyList<string> Files = ["linear", "wide", "head", "tokens", "attention", "flash", "pick", StepFile, "vision"];

    /// <summary>Those that only Hopper runs.</summary>
    public static readonly IReadOnlyList<string> HopperFiles = ["split", "prefill"];

    // For FP8 layers only.
    private const string StepFile = "step";

    private static readonly string[] Before = ["layout", "prelude", "weights", "heads"];

    /// <summary>All kernel files that a chip runs for text layers of a type.</summary>
    public static IEnumerable<string> FilesFor(Chip chip, WeightType layers) =>
        Files.Concat(chip.HasWarpGroups ? HopperFiles : []).Where(file => layers == WeightType.Fp8 || file != StepFile);

    /// <summary>Where machine code is kept by default.</summary>
    public static string DefaultFolder => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "EduVision", "kernels");

    /// <summary>The machine code of a kernel file.</summary>
    /// <param name="file">One of <see cref="FilesFor"/>.</param>
    /// <param name="chip">The GPU.</param>
    /// <param name="constants">The model's sizes as the kernels name them.</param>
    public byte[] Compile(string file, Chip chip, IReadOnlyList<(string Name, int Value)> constants)
    {
        string[] shared = [.. Before, .. chip.HasBulkCopies && file is StepFile or "split" or "prefill" ? ["warpgroup"] : Array.Empty<string>(), .. HopperFiles.Contains(file) ? ["slab"] : Array.Empty<string>()];
        var source = string.Concat(shared.Append(file).Select(Read));
        List<string> options = [$"--gpu-architecture={chip.Architecture}", "--std=c++17", "-default-device", .. constants.Select(constant => $"-D{constant.Name}={constant.Value}")];
        if (folder is null) return compile(source, $"{file}.cu", options);
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', [source, version, .. options]))));
        var path = Path.Combine(folder, $"{file}-{chip.Architecture}-{key[..32]}.cubin");
        if (File.Exists(path)) return File.ReadAllBytes(path);
        var code = compile(source, $"{file}.cu", options);
        Keep(path, code);
        return code;
    }

    // Whole or not at all: another process may be starting beside this one. Without a place to write, it is compiled again next time.
    private static void Keep(string path, byte[] code)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var own = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}";
            File.WriteAllBytes(own, code);
            File.Move(own, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>The source of a kernel file.</summary>
    internal static string Read(string file)
    {
        using var stream = typeof(KernelCompiler).Assembly.GetManifestResourceStream($"EduVision.Inference.Cuda.{file}.cu")
            ?? throw new InvalidOperationException($"{file}.cu is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
