using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>The bundled model as a BF16 checkpoint.</summary>
internal static class Bf16Nano
{
    /// <summary>Writes it.</summary>
    /// <returns>A temporary folder, the caller's to delete.</returns>
    public static string Write()
    {
        var from = Repository.Find("models/nano");
        var to = Directory.CreateTempSubdirectory("bf16-nano-").FullName;
        foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        var config = ModelConfig.Load(from);
        (config with { Quantization = null }).Save(to);
        using var checkpoint = Checkpoint.Open(from);
        var weights = new CheckpointWeights(checkpoint, config, CPU, ScalarType.BFloat16);
        SafetensorsWriter.Write(
            Path.Combine(to, Checkpoint.SingleFile),
            checkpoint.Names.Where(name => !name.EndsWith(CheckpointWeights.ScaleSuffix, StringComparison.Ordinal))
                .Select(checkpoint.Describe).Select(stored => new TensorToWrite(stored.Name, StoredType.BF16, stored.Shape, () => weights.Take(stored.Name, [.. stored.Shape]))));
        return to;
    }
}
