namespace EduVision.Model.Configuration;

/// <summary>The vision tower's sizes (<c>vision_config</c>).</summary>
public sealed record VisionConfig
{
    /// <summary>Blocks.</summary>
    public required int Depth { get; init; }

    public required int HiddenSize { get; init; }

    public required int IntermediateSize { get; init; }

    public required int Heads { get; init; }

    /// <summary>Width of a merged token: the text model's hidden size.</summary>
    public required int OutHiddenSize { get; init; }

    /// <summary>Cells of the learned position grid, a square number.</summary>
    public required int PositionEmbeddings { get; init; }

    /// <summary>Blocks after which hidden states are tapped for the text model's first layers, ascending.</summary>
    public required IReadOnlyList<int> DeepStackLayers { get; init; }

    /// <summary>Side of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Frames in a patch; a still image is repeated.</summary>
    public int TemporalPatchSize { get; init; } = 2;

    /// <summary>Patches per side of a merged token.</summary>
    public int MergeSize { get; init; } = 2;

    public int InChannels { get; init; } = 3;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>Values of one patch: channels x frames x rows x columns.</summary>
    public int PatchWidth => InChannels * TemporalPatchSize * PatchSize * PatchSize;

    /// <summary>Side of the learned position grid.</summary>
    public int GridSide => (int)Math.Round(Math.Sqrt(PositionEmbeddings));

    /// <summary>Width of one attention head.</summary>
    public int HeadDim => HiddenSize / Heads;

    internal static VisionConfig Read(JsonFields fields)
    {
        if ((fields.Text("hidden_act") ?? "gelu_pytorch_tanh") is var activation and not "gelu_pytorch_tanh")
        {
            throw new ModelFileException(fields.File, $"`{fields.Prefix}hidden_act` is \"{activation}\", expected \"gelu_pytorch_tanh\".");
        }

        return new VisionConfig
        {
            Depth = fields.Positive("depth"),
            HiddenSize = fields.Positive("hidden_size"),
            IntermediateSize = fields.Positive("intermediate_size"),
            Heads = fields.Positive("num_heads"),
            OutHiddenSize = fields.Positive("out_hidden_size"),
            PositionEmbeddings = fields.Positive("num_position_embeddings"),
            DeepStackLayers = fields.Integers("deepstack_visual_indexes") ?? throw fields.Missing("deepstack_visual_indexes", "a list of block numbers"),
            PatchSize = fields.Positive("patch_size"),
            TemporalPatchSize = fields.Positive("temporal_patch_size"),
            MergeSize = fields.Positive("spatial_merge_size"),
            InChannels = fields.Positive("in_channels", otherwise: 3),
            RopeTheta = fields.Object("rope_parameters")?.Number("rope_theta") ?? 10_000,
        };
    }

    /// <summary>What these sizes contradict each other in; null when they agree.</summary>
    internal string? Contradiction() => this switch
    {
        _ when HiddenSize % Heads != 0 => $"`vision_config.hidden_size` is {HiddenSize}, expected a multiple of num_heads ({Heads}).",
        _ when HeadDim % 4 != 0 => $"`vision_config.hidden_size` / num_heads is {HeadDim}, expected a multiple of 4 (rows and columns turn pairs).",
        _ when GridSide * GridSide != PositionEmbeddings => $"`vision_config.num_position_embeddings` is {PositionEmbeddings}, expected a square number.",
        _ when DeepStackLayers.Any(layer => layer < 0 || layer >= Depth) =>
            $"`vision_config.deepstack_visual_indexes` is [{string.Join(", ", DeepStackLayers)}], expected blocks from 0 to {Depth - 1}.",
        _ when !DeepStackLayers.SequenceEqual(DeepStackLayers.Distinct().Order()) =>
            $"`vision_config.deepstack_visual_indexes` is [{string.Join(", ", DeepStackLayers)}], expected ascending blocks.",
        _ => null,
    };
}
