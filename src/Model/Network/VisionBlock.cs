using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>One transformer block of the vision tower; every patch of an image sees every other of that image.</summary>
internal sealed class VisionBlock : IDisposable
{
    private readonly VisionConfig config;
    private readonly Tensor norm1Weight, norm1Bias, qkvWeight, qkvBias, projWeight, projBias;
    private readonly Tensor norm2Weight, norm2Bias, fc1Weight, fc1Bias, fc2Weight, fc2Bias;

    public VisionBlock(VisionConfig config, IWeightSource weights, string name)
    {
        this.config = config;
        long width = config.HiddenSize, inner = config.IntermediateSize;
        norm1Weight = weights.Take($"{name}.norm1.weight", width);
        norm1Bias = weights.Take($"{name}.norm1.bias", width);
        qkvWeight = weights.Take($"{name}.attn.qkv.weight", 3 * width, width);
        qkvBias = weights.Take($"{name}.attn.qkv.bias", 3 * width);
        projWeight = weights.Take($"{name}.attn.proj.weight", width, width);
        projBias = weights.Take($"{name}.attn.proj.bias", width);
        norm2Weight = weights.Take($"{name}.norm2.weight", width);
        norm2Bias = weights.Take($"{name}.norm2.bias", width);
        fc1Weight = weights.Take($"{name}.mlp.linear_fc1.weight", inner, width);
        fc1Bias = weights.Take($"{name}.mlp.linear_fc1.bias", inner);
        fc2Weight = weights.Take($"{name}.mlp.linear_fc2.weight", width, inner);
        fc2Bias = weights.Take($"{name}.mlp.linear_fc2.bias", width);
    }

    /// <param name="hidden">[patches, hidden].</param>
    /// <param name="rotary">Angles of the patches.</param>
    /// <param name="frames">Patches of each image's each frame, in order; attention stays inside a frame.</param>
    public Tensor Forward(Tensor hidden, RotaryTable rotary, IReadOnlyList<long> frames)
    {
        using var scope = NewDisposeScope();
        var normal = layer_norm(hidden, norm1Weight.shape, norm1Weight, norm1Bias, VisionTower.NormEps);
        hidden = hidden + linear(Attend(normal, rotary, frames), projWeight, projBias);
        normal = layer_norm(hidden, norm2Weight.shape, norm2Weight, norm2Bias, VisionTower.NormEps);
        var inner = gelu(linear(normal, fc1Weight, fc1Bias), GELU.Approximate.tanh);
        return (hidden + linear(inner, fc2Weight, fc2Bias)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { norm1Weight, norm1Bias, qkvWeight, qkvBias, projWeight, projBias, norm2Weight, norm2Bias, fc1Weight, fc1Bias, fc2Weight, fc2Bias })
        {
            tensor.Dispose();
        }
    }

    private Tensor Attend(Tensor normal, RotaryTable rotary, IReadOnlyList<long> frames)
    {
        long heads = config.Heads, patches = normal.shape[0];
        var qkv = linear(normal, qkvWeight, qkvBias).view(patches, 3 * heads, config.HeadDim);
        // Rotated in float32, as the reference does, then back to the compute type.
        var turned = rotary.Rotate(qkv.narrow(1, 0, 2 * heads)).to(qkv.dtype);
        var (query, key, value) = (turned.narrow(1, 0, heads), turned.narrow(1, heads, heads), qkv.narrow(1, 2 * heads, heads));
        if (frames.Distinct().Count() == 1)
        {
            return Attend(query, key, value, frames.Count);
        }

        var start = 0L;
        var parts = new List<Tensor>();
        foreach (var length in frames)
        {
            parts.Add(Attend(query.narrow(0, start, length), key.narrow(0, start, length), value.narrow(0, start, length), 1));
            start += length;
        }

        return cat(parts, 0);
    }

    /// <summary>Frames of equal length, all at once.</summary>
    private static Tensor Attend(Tensor query, Tensor key, Tensor value, long frames)
    {
        var (patches, heads, dim) = (query.shape[0], query.shape[1], query.shape[2]);
        Tensor Batch(Tensor x) => x.reshape(frames, patches / frames, heads, dim).transpose(1, 2);
        return scaled_dot_product_attention(Batch(query), Batch(key), Batch(value)).transpose(1, 2).reshape(patches, heads * dim);
    }
}
