using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>
/// A checkpoint's tensors on one device in one floating-point type. FP8 matrices are dequantised here, once. One tensor is in
/// flight at a time, so that loading needs little more memory than the model itself.
/// </summary>
/// <param name="checkpoint">Stays the caller's; it may be closed once the network is built.</param>
/// <param name="config">Says how FP8 matrices are blocked.</param>
/// <param name="device">Where the tensors go.</param>
/// <param name="computeType">float32, bfloat16 or float16.</param>
public sealed class CheckpointWeights(Checkpoint checkpoint, ModelConfig config, Device device, ScalarType computeType) : IWeightSource
{
    /// <summary>What follows a matrix's name in the name of its FP8 scales.</summary>
    public const string ScaleSuffix = "_scale_inv";

    /// <inheritdoc/>
    /// <exception cref="ModelFileException">The tensor is missing, has another shape, or is no floating-point tensor.</exception>
    public Tensor Take(string name, params long[] shape)
    {
        using var scope = NewDisposeScope();
        return Read(name, shape).to(computeType, device).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    /// <exception cref="ModelFileException">As <see cref="Take"/>.</exception>
    public Tensor TakeStacked(IReadOnlyList<string> names, IReadOnlyList<long> rows, long columns)
    {
        // Before memory is taken: a configuration may ask for more than any machine has.
        for (var i = 0; i < names.Count; i++)
        {
            checkpoint.CheckShape(names[i], rows[i], columns);
        }

        using var scope = NewDisposeScope();
        var stacked = empty([rows.Sum(), columns], computeType, device);
        var start = 0L;
        for (var i = 0; i < names.Count; i++)
        {
            using var one = NewDisposeScope();
            stacked.narrow(0, start, rows[i]).copy_(Read(names[i], [rows[i], columns]));
            start += rows[i];
        }

        return stacked.DetachFromDisposeScope();
    }

    // What these make lives in the caller's scope.
    private Tensor Read(string name, long[] shape)
    {
        var tensor = checkpoint.Load(name, shape);
        switch (checkpoint.Describe(name).Type)
        {
            case StoredType.F8E4M3:
                return Dequantise(name, tensor, shape);
            case StoredType.F16 or StoredType.BF16 or StoredType.F32 or StoredType.F64:
                return tensor;
            case var type:
                throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}` is {type}, expected a floating-point type.");
        }
    }

    private Tensor Dequantise(string name, Tensor raw, long[] shape)
    {
        if (config.Quantization is not { } fp8)
        {
            throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}` is FP8, but {ModelConfig.FileName} has no quantization_config that says how it is blocked.");
        }

        if (shape is not [var rows, var columns])
        {
            throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}` is FP8 {StoredTypes.Show(shape)}, expected a matrix.");
        }

        var scales = Scales(name + ScaleSuffix, Fp8Block.Blocks(rows, fp8.BlockRows), Fp8Block.Blocks(columns, fp8.BlockColumns));
        return Fp8Block.Dequantise(raw, scales, fp8.BlockRows, fp8.BlockColumns);
    }

    private Tensor Scales(string name, long down, long across)
    {
        var scales = checkpoint.Load(name, [down, across]);
        if (checkpoint.Describe(name).Type is var type and not (StoredType.F32 or StoredType.BF16 or StoredType.F16))
        {
            throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}` is {type}, expected F32 or BF16.");
        }

        return scales.isfinite().all().item<bool>()
            ? scales
            : throw new ModelFileException(checkpoint.PathOf(name), $"tensor `{name}` holds a scale that is no finite number.");
    }
}
