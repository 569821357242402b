namespace EduVision.Model.Configuration;

/// <summary>Block-wise FP8 (E4M3) weights with one <c>weight_scale_inv</c> a block (<c>quantization_config</c>).</summary>
/// <param name="BlockRows">Rows of a block.</param>
/// <param name="BlockColumns">Columns of a block.</param>
/// <param name="ModulesToNotConvert">Modules kept in their own type: names, or prefixes of names. A reader goes by each tensor's own type.</param>
public sealed record Fp8Quantization(int BlockRows, int BlockColumns, IReadOnlyList<string> ModulesToNotConvert)
{
    internal static Fp8Quantization? Read(JsonFields root)
    {
        if (root.Object("quantization_config") is not { } fields)
        {
            return null;
        }

        if (fields.Text("quant_method") is var method and not "fp8")
        {
            throw new ModelFileException(fields.File, $"`{fields.Prefix}quant_method` is \"{method}\", expected \"fp8\" (or no quantization_config at all).");
        }

        if ((fields.Text("fmt") ?? "e4m3") is var format and not "e4m3")
        {
            throw new ModelFileException(fields.File, $"`{fields.Prefix}fmt` is \"{format}\", expected \"e4m3\".");
        }

        return fields.Integers("weight_block_size") is [> 0 and var rows, > 0 and var columns]
            ? new Fp8Quantization(rows, columns, fields.Texts("modules_to_not_convert") ?? [])
            : throw fields.Missing("weight_block_size", "two positive integers such as [128, 128]");
    }
}
