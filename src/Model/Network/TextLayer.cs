using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>One decoder layer: grouped-query attention and a gated feed-forward, each behind a norm and added to the stream.</summary>
internal sealed class TextLayer : IDisposable
{
    private readonly TextConfig config;
    private readonly int index;
    private readonly TextNorms norms;
    private readonly Tensor inputNorm, qkv, queryNorm, keyNorm, output, postNorm, gateUp, down;
    private readonly Tensor? headNorms; // null while the norms are being trained

    public TextLayer(TextConfig config, IWeightSource weights, TextNorms norms, int index)
    {
        this.config = config;
        this.norms = norms;
        this.index = index;
        var name = $"{TextDecoder.Name}.layers.{index}";
        long hidden = config.HiddenSize, inner = config.IntermediateSize;
        long queries = (long)config.Heads * config.HeadDim, keys = (long)config.KvHeads * config.HeadDim;
        inputNorm = weights.Take($"{name}.input_layernorm.weight", hidden);
        qkv = weights.TakeStacked(
            [$"{name}.self_attn.q_proj.weight", $"{name}.self_attn.k_proj.weight", $"{name}.self_attn.v_proj.weight"], [queries, keys, keys], hidden);
        queryNorm = weights.Take($"{name}.self_attn.q_norm.weight", config.HeadDim);
        keyNorm = weights.Take($"{name}.self_attn.k_norm.weight", config.HeadDim);
        output = weights.Take($"{name}.self_attn.o_proj.weight", hidden, queries);
        postNorm = weights.Take($"{name}.post_attention_layernorm.weight", hidden);
        gateUp = weights.TakeStacked([$"{name}.mlp.gate_proj.weight", $"{name}.mlp.up_proj.weight"], [inner, inner], hidden);
        down = weights.Take($"{name}.mlp.down_proj.weight", hidden, inner);
        using var scope = NewDisposeScope();
        headNorms = queryNorm.requires_grad || keyNorm.requires_grad ? null : HeadNorms().DetachFromDisposeScope();
    }

    /// <param name="hidden">[tokens, hidden].</param>
    /// <param name="rotary">Angles of these tokens.</param>
    /// <param name="attention">How they see each other.</param>
    public Tensor Forward(Tensor hidden, RotaryTable rotary, IAttention attention)
    {
        using var scope = NewDisposeScope();
        hidden = hidden.Plus(linear(Attend(norms.Hidden.Apply(hidden, inputNorm), rotary, attention), output));
        var gateUp = linear(norms.Hidden.Apply(hidden, postNorm), this.gateUp);
        var (gate, up) = (gateUp.narrow(-1, 0, config.IntermediateSize), gateUp.narrow(-1, config.IntermediateSize, config.IntermediateSize));
        return hidden.Plus(linear(gate.silu().mul(up), down)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        headNorms?.Dispose();
        foreach (var tensor in new[] { inputNorm, qkv, queryNorm, keyNorm, output, postNorm, gateUp, down })
        {
            tensor.Dispose();
        }
    }

    private Tensor Attend(Tensor normal, RotaryTable rotary, IAttention attention)
    {
        long heads = config.Heads, kvHeads = config.KvHeads;
        var qkv = linear(normal, this.qkv).view(-1, heads + (2 * kvHeads), config.HeadDim);
        // Queries and keys are normalised per head and rotated in one go.
        var turned = rotary.Rotate(norms.Head.Apply(qkv.narrow(1, 0, heads + kvHeads), headNorms ?? HeadNorms()));
        return attention.Attend(index, turned.narrow(1, 0, heads), turned.narrow(1, heads, kvHeads), qkv.narrow(1, heads + kvHeads, kvHeads));
    }

    /// <summary>The norms' weights, one row a head: [heads + kvHeads, headDim].</summary>
    private Tensor HeadNorms() => cat([queryNorm.expand(config.Heads, -1), keyNorm.expand(config.KvHeads, -1)]);
}
