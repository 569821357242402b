using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>One decoder layer: grouped-query attention and a gated feed-forward, each behind a norm and added to the stream.</summary>
internal sealed class TextLayer : IDisposable
{
    private readonly TextConfig _config;
    private readonly int _index;
    private readonly TextNorms _norms;
    private readonly Tensor _inputNorm, _qkv, _queryNorm, _keyNorm, _output, _postNorm, _gateUp, _down;
    private readonly Tensor? _headNorms; // null while the norms are being trained

    public TextLayer(TextConfig config, IWeightSource weights, TextNorms norms, int index)
    {
        _config = config;
        _norms = norms;
        _index = index;
        var name = $"{TextDecoder.Name}.layers.{index}";
        long hidden = config.HiddenSize, inner = config.IntermediateSize;
        long queries = (long)config.Heads * config.HeadDim, keys = (long)config.KvHeads * config.HeadDim;
        _inputNorm = weights.Take($"{name}.input_layernorm.weight", hidden);
        _qkv = weights.TakeStacked(
            [$"{name}.self_attn.q_proj.weight", $"{name}.self_attn.k_proj.weight", $"{name}.self_attn.v_proj.weight"], [queries, keys, keys], hidden);
        _queryNorm = weights.Take($"{name}.self_attn.q_norm.weight", config.HeadDim);
        _keyNorm = weights.Take($"{name}.self_attn.k_norm.weight", config.HeadDim);
        _output = weights.Take($"{name}.self_attn.o_proj.weight", hidden, queries);
        _postNorm = weights.Take($"{name}.post_attention_layernorm.weight", hidden);
        _gateUp = weights.TakeStacked([$"{name}.mlp.gate_proj.weight", $"{name}.mlp.up_proj.weight"], [inner, inner], hidden);
        _down = weights.Take($"{name}.mlp.down_proj.weight", hidden, inner);
        using var scope = NewDisposeScope();
        _headNorms = _queryNorm.requires_grad || _keyNorm.requires_grad ? null : HeadNorms().DetachFromDisposeScope();
    }

    /// <param name="hidden">[tokens, hidden].</param>
    /// <param name="rotary">Angles of these tokens.</param>
    /// <param name="attention">How they see each other.</param>
    public Tensor Forward(Tensor hidden, RotaryTable rotary, IAttention attention)
    {
        using var scope = NewDisposeScope();
        hidden = hidden + linear(Attend(_norms.Hidden.Apply(hidden, _inputNorm), rotary, attention), _output);
        var gateUp = linear(_norms.Hidden.Apply(hidden, _postNorm), _gateUp);
        var (gate, up) = (gateUp.narrow(-1, 0, _config.IntermediateSize), gateUp.narrow(-1, _config.IntermediateSize, _config.IntermediateSize));
        return (hidden + linear(gate.silu().mul(up), _down)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _headNorms?.Dispose();
        foreach (var tensor in new[] { _inputNorm, _qkv, _queryNorm, _keyNorm, _output, _postNorm, _gateUp, _down })
        {
            tensor.Dispose();
        }
    }

    private Tensor Attend(Tensor normal, RotaryTable rotary, IAttention attention)
    {
        long heads = _config.Heads, kvHeads = _config.KvHeads;
        var qkv = linear(normal, _qkv).view(-1, heads + (2 * kvHeads), _config.HeadDim);
        // Queries and keys are normalised per head and rotated in one go.
        var turned = rotary.Rotate(_norms.Head.Apply(qkv.narrow(1, 0, heads + kvHeads), _headNorms ?? HeadNorms()));
        return attention.Attend(_index, turned.narrow(1, 0, heads), turned.narrow(1, heads, kvHeads), qkv.narrow(1, heads + kvHeads, kvHeads));
    }

    /// <summary>The norms' weights, one row a head: [heads + kvHeads, headDim].</summary>
    private Tensor HeadNorms() => cat([_queryNorm.expand(_config.Heads, -1), _keyNorm.expand(_config.KvHeads, -1)]);
}
