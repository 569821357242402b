namespace EduVision.Model.Configuration;

/// <summary>The text decoder's sizes (<c>text_config</c>).</summary>
public sealed record TextConfig
{
    public required int VocabSize { get; init; }

    public required int HiddenSize { get; init; }

    /// <summary>Width between the gated feed-forward's matrices.</summary>
    public required int IntermediateSize { get; init; }

    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; each serves <see cref="Heads"/> / <see cref="KvHeads"/> query heads.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Width of one head; <see cref="Heads"/> times it need not be <see cref="HiddenSize"/>.</summary>
    public required int HeadDim { get; init; }

    public required RopeSettings Rope { get; init; }

    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>Longest context in tokens.</summary>
    public int MaxPositions { get; init; } = 262_144;

    public int? BosTokenId { get; init; }

    public int? EosTokenId { get; init; }

    public int? PadTokenId { get; init; }

    internal static TextConfig Read(JsonFields fields)
    {
        var heads = fields.Positive("num_attention_heads");
        var hidden = fields.Positive("hidden_size");
        if ((fields.Text("hidden_act") ?? "silu") is var activation and not "silu")
        {
            throw new ModelFileException(fields.File, $"`{fields.Prefix}hidden_act` is \"{activation}\", expected \"silu\".");
        }

        if (fields.Flag("attention_bias") == true)
        {
            throw new ModelFileException(fields.File, $"`{fields.Prefix}attention_bias` is true; Qwen3-VL has none, expected false.");
        }

        return new TextConfig
        {
            VocabSize = fields.Positive("vocab_size"),
            HiddenSize = hidden,
            IntermediateSize = fields.Positive("intermediate_size"),
            Layers = fields.Positive("num_hidden_layers"),
            Heads = heads,
            KvHeads = fields.Positive("num_key_value_heads"),
            HeadDim = fields.Positive("head_dim", otherwise: hidden / heads),
            Rope = RopeSettings.Read(fields),
            RmsNormEps = fields.Number("rms_norm_eps") ?? 1e-6,
            MaxPositions = fields.Positive("max_position_embeddings"),
            BosTokenId = fields.Integer("bos_token_id"),
            EosTokenId = fields.OneOrMoreIntegers("eos_token_id") is [var eos, ..] ? eos : null,
            PadTokenId = fields.Integer("pad_token_id"),
        };
    }

    /// <summary>What these sizes contradict each other in; null when they agree.</summary>
    internal string? Contradiction()
    {
        var pairs = (long)Rope.Temporal + Rope.Height + Rope.Width;
        return this switch
        {
            _ when Heads % KvHeads != 0 => $"`text_config.num_attention_heads` is {Heads}, expected a multiple of num_key_value_heads ({KvHeads}).",
            _ when HeadDim % 2 != 0 => $"`text_config.head_dim` is {HeadDim}, expected an even number.",
            _ when !(RmsNormEps > 0) => $"`text_config.rms_norm_eps` is {RmsNormEps}, expected above 0.",
            _ when !(Rope.Theta > 0) => $"`rope_theta` is {Rope.Theta}, expected above 0.",
            _ when Rope.Temporal <= 0 || Rope.Height <= 0 || Rope.Width <= 0 =>
                $"`mrope_section` is [{Rope.Temporal}, {Rope.Height}, {Rope.Width}], expected three positive integers.",
            _ when pairs != HeadDim / 2 => $"`mrope_section` sums to {pairs}, expected head_dim / 2 ({HeadDim / 2}).",
            // Rows take pairs 1, 4, 7, ... and columns 2, 5, 8, ...: the last of them must exist.
            _ when Math.Max((3L * Rope.Height) - 1, 3L * Rope.Width) > HeadDim / 2 =>
                $"`mrope_section` [{Rope.Temporal}, {Rope.Height}, {Rope.Width}] does not interleave within head_dim / 2 ({HeadDim / 2}).",
            _ => null,
        };
    }
}
