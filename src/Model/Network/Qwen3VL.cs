using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>
/// Qwen3-VL: the vision tower and the text decoder, and how images take their places among the tokens. It owns its parameters.
/// Nothing here switches gradients off: run inference under <c>torch.inference_mode()</c> or <c>torch.no_grad()</c>, or with a
/// source whose tensors ask for none.
/// </summary>
/// <remarks>Reference: <c>modeling_qwen3_vl.py</c> of huggingface/transformers.</remarks>
public sealed class Qwen3VL : IDisposable
{
    /// <param name="config">Sizes and ids.</param>
    /// <param name="weights">Where the parameters come from.</param>
    public Qwen3VL(ModelConfig config, IWeightSource weights)
    {
        Config = config;
        Vision = new VisionTower(config.Vision, weights);
        Text = new TextDecoder(config.Text, weights, config.TieWordEmbeddings);
    }

    public ModelConfig Config { get; }

    public VisionTower Vision { get; }

    public TextDecoder Text { get; }

    /// <summary>Loads a checkpoint folder.</summary>
    /// <param name="directory">With <c>config.json</c> and safetensors files.</param>
    /// <param name="device">Where the model runs.</param>
    /// <param name="computeType">float32, bfloat16 or float16.</param>
    /// <exception cref="ModelFileException">A file is missing, damaged or contradicts another.</exception>
    public static Qwen3VL Load(string directory, Device device, ScalarType computeType)
    {
        var config = ModelConfig.Load(directory);
        using var checkpoint = Checkpoint.Open(directory);
        return new Qwen3VL(config, new CheckpointWeights(checkpoint, config, device, computeType));
    }

    /// <summary>Embeds tokens, with images in the places of their tokens.</summary>
    /// <param name="ids">[tokens], int64, on the model's device; of one sequence or of several, one after another.</param>
    /// <param name="images">All merged tokens of these ids' images, in their order; null when there are none. Stays the caller's and must outlive the result.</param>
    /// <returns>The caller owns it.</returns>
    /// <exception cref="ArgumentException">The ids hold another number of image tokens.</exception>
    public ModelInput Prepare(Tensor ids, VisionOutput? images)
    {
        using var scope = NewDisposeScope();
        var hidden = Text.Embed(ids);
        if (images is null)
        {
            return new ModelInput(hidden.MoveToOuterDisposeScope(), null);
        }

        var rows = ids.eq(Config.ImageTokenId).nonzero().view(-1);
        if (rows.shape[0] != images.Tokens)
        {
            throw new ArgumentException($"The ids hold {rows.shape[0]} image tokens, the images make {images.Tokens}.", nameof(images));
        }

        hidden = hidden.index_copy(0, rows, images.Embeddings);
        return new ModelInput(hidden.MoveToOuterDisposeScope(), new DeepStackInjection(rows.MoveToOuterDisposeScope(), images.DeepStack));
    }

    public void Dispose()
    {
        Vision.Dispose();
        Text.Dispose();
    }
}
