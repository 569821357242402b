using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Probing;

/// <summary>All numbers on the way of one conversation through the model, on the CPU.</summary>
public sealed class ProbeResult : IDisposable
{
    /// <summary>[tokens] int64.</summary>
    public required Tensor InputIds { get; init; }

    /// <summary>[images, 3] int64: time, rows, columns of each image's patches.</summary>
    public required Tensor ImageGrids { get; init; }

    /// <summary>[patches of all images, 3 * 2 * 16 * 16] float32.</summary>
    public required Tensor PixelValues { get; init; }

    /// <summary>[3, tokens] int64.</summary>
    public required Tensor PositionIds { get; init; }

    /// <summary>[tokens, vocabulary] float32.</summary>
    public required Tensor Logits { get; init; }

    /// <summary>[generated] int64.</summary>
    public required Tensor Greedy { get; init; }

    /// <summary>Writes a safetensors file with the names the reference's processor and model use.</summary>
    public void Save(string path) => SafetensorsWriter.Write(path,
    [
        TensorToWrite.Of("input_ids", InputIds),
        TensorToWrite.Of("image_grid_thw", ImageGrids),
        TensorToWrite.Of("pixel_values", PixelValues),
        TensorToWrite.Of("position_ids", PositionIds),
        TensorToWrite.Of("logits", Logits),
        TensorToWrite.Of("greedy", Greedy),
    ]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor part in (Tensor[])[InputIds, ImageGrids, PixelValues, PositionIds, Logits, Greedy])
        {
            part.Dispose();
        }
    }
}
