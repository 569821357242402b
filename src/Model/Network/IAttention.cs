using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>
/// How the tokens of one forward pass see each other and the past: packed causal batches in training, a paged KV cache in
/// the service. The decoder itself knows nothing of sequences.
/// </summary>
public interface IAttention
{
    /// <summary>Stores this pass's keys and values where later passes find them, if there are later passes, and attends.</summary>
    /// <param name="layer">Decoder layer, from 0.</param>
    /// <param name="query">[tokens, heads, headDim], rotated.</param>
    /// <param name="key">[tokens, kvHeads, headDim], rotated.</param>
    /// <param name="value">[tokens, kvHeads, headDim].</param>
    /// <returns>[tokens, heads * headDim].</returns>
    Tensor Attend(int layer, Tensor query, Tensor key, Tensor value);
}
