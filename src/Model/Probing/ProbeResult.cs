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

    /// <summary>[tokens, vocabulary] float32; null from a runner that computes them for the last token only.</summary>
    public Tensor? Logits { get; init; }

    /// <summary>[generated] int64.</summary>
    public required Tensor Greedy { get; init; }

    /// <summary>
    /// [layers, tokens, hidden] float32: the stream behind each decoder layer and what DeepStack adds to it, which is what the next layer
    /// gets, and the last norm. Null if it was not asked for.
    /// </summary>
    public Tensor? HiddenStates { get; init; }

    /// <summary>A copy of a state, float32 on the CPU, outside of every scope.</summary>
    /// <returns>The caller owns it.</returns>
    public static Tensor Keep(Tensor state)
    {
        using var scope = NewDisposeScope();
        return state.to(ScalarType.Float32).cpu().clone().DetachFromDisposeScope();
    }

    /// <summary>States that were kept, as one tensor; disposes them.</summary>
    /// <returns>The caller owns it.</returns>
    public static Tensor Stack(IReadOnlyList<Tensor> kept)
    {
        Tensor all = stack(kept);
        foreach (Tensor state in kept)
        {
            state.Dispose();
        }

        return all;
    }

    /// <summary>Writes a safetensors file with the names the reference's processor and model use.</summary>
    public void Save(string path) => SafetensorsWriter.Write(path, Named.Select(part => TensorToWrite.Of(part.Name, part.Value)));

    private IEnumerable<(string Name, Tensor Value)> Named => new (string Name, Tensor? Value)[]
    {
        ("input_ids", InputIds), ("image_grid_thw", ImageGrids), ("pixel_values", PixelValues), ("position_ids", PositionIds),
        ("logits", Logits), ("greedy", Greedy), ("hidden_states", HiddenStates),
    }.Where(part => part.Value is not null).Select(part => (part.Name, part.Value!));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, value) in Named)
        {
            value.Dispose();
        }
    }
}
