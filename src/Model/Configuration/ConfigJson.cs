using System.Text.Json;
using System.Text.Json.Nodes;

namespace EduVision.Model.Configuration;

/// <summary>Spells a configuration as published checkpoints do, with both names of the rotary settings.</summary>
internal static class ConfigJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static string Write(ModelConfig config)
    {
        var root = new JsonObject
        {
            ["architectures"] = new JsonArray(ModelConfig.Architecture),
            ["model_type"] = ModelConfig.ModelType,
            ["dtype"] = "bfloat16",
            ["image_token_id"] = config.ImageTokenId,
            ["video_token_id"] = config.VideoTokenId,
            ["vision_start_token_id"] = config.VisionStartTokenId,
            ["vision_end_token_id"] = config.VisionEndTokenId,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["text_config"] = Text(config),
            ["vision_config"] = Vision(config.Vision),
        };
        if (config.Quantization is { } fp8)
        {
            root["quantization_config"] = new JsonObject
            {
                ["quant_method"] = "fp8",
                ["fmt"] = "e4m3",
                ["activation_scheme"] = "dynamic",
                ["weight_block_size"] = new JsonArray(fp8.BlockRows, fp8.BlockColumns),
                ["modules_to_not_convert"] = new JsonArray([.. fp8.ModulesToNotConvert.Select(name => JsonValue.Create(name))]),
            };
        }

        return root.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Text(ModelConfig config)
    {
        var text = config.Text;
        var parameters = Rope(text.Rope);
        parameters["rope_theta"] = text.Rope.Theta;
        return new JsonObject
        {
            ["model_type"] = "qwen3_vl_text",
            ["dtype"] = "bfloat16",
            ["vocab_size"] = text.VocabSize,
            ["hidden_size"] = text.HiddenSize,
            ["intermediate_size"] = text.IntermediateSize,
            ["num_hidden_layers"] = text.Layers,
            ["num_attention_heads"] = text.Heads,
            ["num_key_value_heads"] = text.KvHeads,
            ["head_dim"] = text.HeadDim,
            ["hidden_act"] = "silu",
            ["max_position_embeddings"] = text.MaxPositions,
            ["rms_norm_eps"] = text.RmsNormEps,
            ["attention_bias"] = false,
            ["attention_dropout"] = 0.0,
            ["initializer_range"] = 0.02,
            ["use_cache"] = true,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["bos_token_id"] = text.BosTokenId,
            ["eos_token_id"] = text.EosTokenId,
            ["pad_token_id"] = text.PadTokenId,
            ["rope_theta"] = text.Rope.Theta,
            ["rope_scaling"] = Rope(text.Rope),
            ["rope_parameters"] = parameters,
        };
    }

    private static JsonObject Rope(RopeSettings rope) => new()
    {
        ["rope_type"] = "default",
        ["mrope_interleaved"] = true,
        ["mrope_section"] = new JsonArray(rope.Temporal, rope.Height, rope.Width),
    };

    private static JsonObject Vision(VisionConfig vision) => new()
    {
        ["model_type"] = "qwen3_vl",
        ["depth"] = vision.Depth,
        ["hidden_size"] = vision.HiddenSize,
        ["hidden_act"] = "gelu_pytorch_tanh",
        ["intermediate_size"] = vision.IntermediateSize,
        ["num_heads"] = vision.Heads,
        ["in_channels"] = vision.InChannels,
        ["patch_size"] = vision.PatchSize,
        ["spatial_merge_size"] = vision.MergeSize,
        ["temporal_patch_size"] = vision.TemporalPatchSize,
        ["out_hidden_size"] = vision.OutHiddenSize,
        ["num_position_embeddings"] = vision.PositionEmbeddings,
        ["initializer_range"] = 0.02,
        ["deepstack_visual_indexes"] = new JsonArray([.. vision.DeepStackLayers.Select(layer => JsonValue.Create(layer))]),
    };
}
