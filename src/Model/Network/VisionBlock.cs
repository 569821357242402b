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
    private readonly Tensor norm1Weight, norm1Bias, qkvBias, projBias, norm2Weight, norm2Bias, fc1Bias, fc2Bias;
    private readonly WeightMatrix qkvWeight, projWeight, fc1Weight, fc2Weight;

    public VisionBlock(VisionConfig config, IWeightSource weights, string name)
    {
        this.config = config;
        long width = config.HiddenSize, inner = config.IntermediateSize;
        norm1Weight = weights.Take($"{name}.norm1.weight", width);
        norm1Bias = weights.Take($"{name}.norm1.bias", width);
        qkvWeight = weights.TakeMatrix($"{name}.attn.qkv.weight", 3 * width, width);
        qkvBias = weights.Take($"{name}.attn.qkv.bias", 3 * width);
        projWeight = weights.TakeMatrix($"{name}.attn.proj.weight", width, width);
        projBias = weights.Take($"{name}.attn.proj.bias", width);
        norm2Weight = weights.Take($"{name}.norm2.weight", width);
        norm2Bias = weights.Take($"{name}.norm2.bias", width);
        fc1Weight = weights.TakeMatrix($"{name}.mlp.linear_fc1.weight", inner, width);
        fc1Bias = weights.Take($"{name}.mlp.linear_fc1.bias", inner);
        fc2Weight = weights.TakeMatrix($"{name}.mlp.linear_fc2.weight", width, inner);
        fc2Bias = weights.Take($"{name}.mlp.linear_fc2.bias", width);
    }

    /// <param name="hidden">[patches, hidden]; the caller's no more.</param>
    /// <param name="rotary">Angles of the patches.</param>
    /// <param name="frames">Patches of each image's each frame, in order; attention stays inside a frame.</param>
    /// <returns>[patches, hidden], in the caller's scope; where no gradients are wanted it is <paramref name="hidden"/>, changed in place.</returns>
    public Tensor Forward(Tensor hidden, RotaryTable rotary, IReadOnlyList<long> frames) => Mix(Attend(hidden, rotary, frames));

    public void Dispose()
    {
        foreach (var tensor in new[] { norm1Weight, norm1Bias, qkvBias, projBias, norm2Weight, norm2Bias, fc1Bias, fc2Bias })
        {
            tensor.Dispose();
        }

        foreach (var matrix in new[] { qkvWeight, projWeight, fc1Weight, fc2Weight })
        {
            matrix.Dispose();
        }
    }

    private Tensor Attend(Tensor hidden, RotaryTable rotary, IReadOnlyList<long> frames)
    {
        using var scope = NewDisposeScope();
        var (weight, output) = (qkvWeight.Values, projWeight.Values);
        var qkv = Bands.Map(hidden.shape[0], VisionTower.BandPatches, (start, count) => Turn(linear(Normal(hidden, start, count, norm1Weight, norm1Bias), weight, qkvBias), rotary, start));
        return Bands.Add(hidden, BandsOf(frames), (start, count) => linear(Attended(qkv, start, count, frames), output, projBias));
    }

    private Tensor Mix(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var (up, down) = (fc1Weight.Values, fc2Weight.Values);
        return Bands.Add(hidden, Bands.Of(hidden.shape[0], VisionTower.BandPatches), (start, count) =>
            linear(gelu(linear(Normal(hidden, start, count, norm2Weight, norm2Bias), up, fc1Bias), GELU.Approximate.tanh), down, fc2Bias));
    }

    private static Tensor Normal(Tensor hidden, long start, long count, Tensor weight, Tensor bias) =>
        layer_norm(count == hidden.shape[0] ? hidden : hidden.narrow(0, start, count), weight.shape, weight, bias, VisionTower.NormEps);

    // [count, 3 * hidden] to [count, 3 * heads, headDim]: queries and keys rotated in float32, as the reference does, then back in the compute type.
    private Tensor Turn(Tensor qkv, RotaryTable rotary, long start)
    {
        long heads = config.Heads;
        var all = qkv.view(qkv.shape[0], 3 * heads, config.HeadDim);
        return cat([rotary.Rotate(all.narrow(1, 0, 2 * heads), start).to(qkv.dtype), all.narrow(1, 2 * heads, heads)], 1);
    }

    // All frames together where they are few; bands within a frame else.
    private static IEnumerable<(long Start, long Count)> BandsOf(IReadOnlyList<long> frames)
    {
        var all = frames.Sum();
        if (all <= VisionTower.BandPatches || is_grad_enabled())
        {
            yield return (0, all);
            yield break;
        }

        var begin = 0L;
        foreach (var length in frames)
        {
            foreach (var (start, count) in Bands.Of(length, VisionTower.BandPatches))
            {
                yield return (begin + start, count);
            }

            begin += length;
        }
    }

    // What the patches of a band see.
    private Tensor Attended(Tensor qkv, long start, long count, IReadOnlyList<long> frames)
    {
        long heads = config.Heads;
        Tensor Part(long from, long length, int which) => qkv.narrow(0, from, length).narrow(1, which * heads, heads);
        if (count < qkv.shape[0])
        {
            var begin = 0L;
            var frame = 0;
            while (start >= begin + frames[frame])
            {
                begin += frames[frame++];
            }

            return Attend(Part(start, count, 0), Part(begin, frames[frame], 1), Part(begin, frames[frame], 2), 1);
        }

        if (frames.Distinct().Count() == 1)
        {
            return Attend(Part(0, count, 0), Part(0, count, 1), Part(0, count, 2), frames.Count);
        }

        var first = 0L;
        var parts = new List<Tensor>();
        foreach (var length in frames)
        {
            parts.Add(Attend(Part(first, length, 0), Part(first, length, 1), Part(first, length, 2), 1));
            first += length;
        }

        return cat(parts, 0);
    }

    /// <summary>Frames of equal length, all at once.</summary>
    private static Tensor Attend(Tensor query, Tensor key, Tensor value, long frames)
    {
        var (patches, heads, dim) = (query.shape[0], query.shape[1], query.shape[2]);
        Tensor Batch(Tensor x) => x.reshape(frames, x.shape[0] / frames, heads, dim).transpose(1, 2);
        return scaled_dot_product_attention(Batch(query), Batch(key), Batch(value)).transpose(1, 2).reshape(patches, heads * dim);
    }
}
