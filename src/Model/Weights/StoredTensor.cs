using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>Element types of a safetensors file.</summary>
#pragma warning disable CA1720 // The names are the format's own.
public enum StoredType
{
    Bool,
    U8,
    I8,
    I16,
    I32,
    I64,
    F16,
    BF16,
    F32,
    F64,

    /// <summary>8-bit floats with 4 exponent and 3 mantissa bits; as a tensor, its raw bytes (TorchSharp has no such type).</summary>
    F8E4M3,
}
#pragma warning restore CA1720

/// <summary>A tensor as a safetensors header describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Type of its elements in the file.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
/// <param name="Offset">First byte, from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record StoredTensor(string Name, StoredType Type, IReadOnlyList<long> Shape, long Offset, long Length);

internal static class StoredTypes
{
    public static int Size(this StoredType type) => type switch
    {
        StoredType.Bool or StoredType.U8 or StoredType.I8 or StoredType.F8E4M3 => 1,
        StoredType.I16 or StoredType.F16 or StoredType.BF16 => 2,
        StoredType.I32 or StoredType.F32 => 4,
        _ => 8,
    };

    /// <summary>The tensor type that holds such elements.</summary>
    public static ScalarType Torch(this StoredType type) => type switch
    {
        StoredType.Bool => ScalarType.Bool,
        StoredType.U8 or StoredType.F8E4M3 => ScalarType.Byte,
        StoredType.I8 => ScalarType.Int8,
        StoredType.I16 => ScalarType.Int16,
        StoredType.I32 => ScalarType.Int32,
        StoredType.I64 => ScalarType.Int64,
        StoredType.F16 => ScalarType.Float16,
        StoredType.BF16 => ScalarType.BFloat16,
        StoredType.F32 => ScalarType.Float32,
        _ => ScalarType.Float64,
    };

    public static StoredType Of(ScalarType type) => type switch
    {
        ScalarType.Bool => StoredType.Bool,
        ScalarType.Byte => StoredType.U8,
        ScalarType.Int8 => StoredType.I8,
        ScalarType.Int16 => StoredType.I16,
        ScalarType.Int32 => StoredType.I32,
        ScalarType.Int64 => StoredType.I64,
        ScalarType.Float16 => StoredType.F16,
        ScalarType.BFloat16 => StoredType.BF16,
        ScalarType.Float32 => StoredType.F32,
        ScalarType.Float64 => StoredType.F64,
        _ => throw new ArgumentException($"safetensors files hold no {type}.", nameof(type)),
    };

    /// <summary>The type as a header spells it.</summary>
    public static string Spelling(this StoredType type) => type switch
    {
        StoredType.Bool => "BOOL",
        StoredType.F8E4M3 => "F8_E4M3",
        _ => type.ToString(),
    };

    public static StoredType? Parse(string? spelling)
    {
        foreach (var type in Enum.GetValues<StoredType>())
        {
            if (type.Spelling() == spelling)
            {
                return type;
            }
        }

        return null;
    }

    public static string Show(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
