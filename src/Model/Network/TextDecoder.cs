using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>The text model: embeddings in, hidden states out, logits for the rows asked for. Knows nothing of sequences.</summary>
public sealed class TextDecoder : IDisposable
{
    internal const string Name = "model.language_model";

    private readonly Tensor embeddings; // [vocab, hidden]
    private readonly Tensor head; // [vocab, hidden]; the embeddings themselves when tied
    private readonly Tensor norm;
    private readonly TextNorms norms;
    private readonly TextLayer[] layers;
    private readonly MultimodalRotary rotary;

    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where the parameters come from.</param>
    /// <param name="tied">Whether the head is the embedding matrix.</param>
    public TextDecoder(TextConfig config, IWeightSource weights, bool tied)
    {
        embeddings = weights.Take($"{Name}.embed_tokens.weight", config.VocabSize, config.HiddenSize);
        norms = new TextNorms(config, embeddings.device);
        layers = [.. Enumerable.Range(0, config.Layers).Select(layer => new TextLayer(config, weights, norms, layer))];
        norm = weights.Take($"{Name}.norm.weight", config.HiddenSize);
        head = tied ? embeddings : weights.Take("lm_head.weight", config.VocabSize, config.HiddenSize);
        rotary = new MultimodalRotary(config, embeddings.device);
    }

    /// <summary>Where the parameters are.</summary>
    public Device Device => embeddings.device;

    /// <summary>The type of hidden states, keys and values.</summary>
    public ScalarType ComputeType => embeddings.dtype;

    /// <param name="ids">[tokens], int64.</param>
    /// <returns>[tokens, hidden].</returns>
    public Tensor Embed(Tensor ids) => embeddings.index_select(0, ids);

    /// <summary>Angles of a pass's tokens; made once, used by all layers.</summary>
    /// <param name="positions">[3, tokens] int64: temporal, row, column.</param>
    /// <returns>The caller owns it.</returns>
    public RotaryTable Rotary(Tensor positions) => rotary.Table(positions, ComputeType);

    /// <summary>All layers and the final norm.</summary>
    /// <param name="hidden">[tokens, hidden], of any number of sequences; stays the caller's.</param>
    /// <param name="rotary">From <see cref="Rotary"/>, for these tokens.</param>
    /// <param name="attention">How the tokens see each other and the past.</param>
    /// <param name="deepStack">What is added to image tokens; null when there are none in this pass.</param>
    /// <param name="seen">Called behind each layer, DeepStack included, with its number and what the next one gets: [tokens, hidden], the decoder's own.</param>
    /// <returns>[tokens, hidden].</returns>
    public Tensor Forward(Tensor hidden, RotaryTable rotary, IAttention attention, DeepStackInjection? deepStack = null, Action<int, Tensor>? seen = null)
    {
        using var scope = NewDisposeScope();
        var stream = hidden;
        for (var layer = 0; layer < layers.Length; layer++)
        {
            using var previous = ReferenceEquals(stream, hidden) ? null : stream;
            stream = layers[layer].Forward(stream, rotary, attention);
            if (deepStack is not null && layer < deepStack.Features.Count)
            {
                using var plain = stream;
                stream = deepStack.AddTo(plain, layer);
            }

            seen?.Invoke(layer, stream);
        }

        return norms.Hidden.Apply(stream, norm).MoveToOuterDisposeScope();
    }

    /// <param name="rows">[n, hidden], rows of what <see cref="Forward"/> returned.</param>
    /// <returns>[n, vocab].</returns>
    public Tensor Logits(Tensor rows) => linear(rows, head);

    public void Dispose()
    {
        embeddings.Dispose();
        head.Dispose();
        norm.Dispose();
        norms.Dispose();
        rotary.Dispose();
        foreach (var layer in layers)
        {
            layer.Dispose();
        }
    }
}
