namespace EduVision.Model.Configuration;

/// <summary>Rotary positions of the text model: base and how many frequency pairs belong to time, rows and columns (<c>mrope_section</c>).</summary>
/// <param name="Theta">Base of the frequencies.</param>
/// <param name="Temporal">Pairs turned by the temporal position.</param>
/// <param name="Height">Pairs turned by the row.</param>
/// <param name="Width">Pairs turned by the column.</param>
public sealed record RopeSettings(double Theta, int Temporal, int Height, int Width)
{
    /// <summary>Which position turns that frequency pair: 0 time, 1 row, 2 column. They are interleaved.</summary>
    public int AxisOf(int pair) => (pair % 3) switch
    {
        1 when pair < 3 * Height => 1,
        2 when pair < 3 * Width => 2,
        _ => 0,
    };

    /// <summary>
    /// Reads both spellings: <c>rope_parameters</c> (transformers 5) and <c>rope_theta</c> beside <c>rope_scaling</c> (4.57).
    /// A file may carry both; they must agree.
    /// </summary>
    internal static RopeSettings Read(JsonFields text)
    {
        var settings = new List<RopeSettings>();
        if (text.Object("rope_parameters") is { } parameters)
        {
            settings.Add(Read(parameters, parameters.Number("rope_theta") ?? text.Number("rope_theta") ?? throw parameters.Missing("rope_theta", "a number")));
        }

        if (text.Object("rope_scaling") is { } scaling)
        {
            settings.Add(Read(scaling, text.Number("rope_theta") ?? scaling.Number("rope_theta") ?? throw text.Missing("rope_theta", "a number")));
        }

        return settings switch
        {
            [] => throw text.Missing("rope_parameters", "an object with rope_theta and mrope_section (or rope_theta beside rope_scaling)"),
            [var first, var second] when first != second => throw new ModelFileException(
                text.File, $"`{text.Prefix}rope_parameters` says {first}, `{text.Prefix}rope_scaling` says {second}; expected the same in both."),
            _ => settings[0],
        };
    }

    private static RopeSettings Read(JsonFields fields, double theta)
    {
        if ((fields.Text("rope_type") ?? fields.Text("type") ?? "default") is var type and not ("default" or "mrope"))
        {
            throw new ModelFileException(fields.File, $"`{fields.Prefix}rope_type` is \"{type}\", expected \"default\".");
        }

        if (fields.Flag("mrope_interleaved") == false)
        {
            throw new ModelFileException(fields.File, $"`{fields.Prefix}mrope_interleaved` is false; Qwen3-VL interleaves its sections, expected true.");
        }

        return fields.Integers("mrope_section") is [var temporal, var height, var width]
            ? new RopeSettings(theta, temporal, height, width)
            : throw fields.Missing("mrope_section", "three integers (temporal, height, width)");
    }
}
