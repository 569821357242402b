using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace EduVision.Model.Network;

/// <summary>One transformer block of the vision tower; every patch of an image sees every other of that image.</summary>
internal sealed class VisionBlock : IDisposable
{
    private readonly VisionConfig config;
    private readonly IVisionKernels? kernels;
    private readonly Tensor norm1Weight, norm1Bias, qkvBias, projBias, norm2Weight, norm2Bias, fc1Bias, fc2Bias;
    private readonly WeightMatrix qkvWeight, projWeight, fc1Weight, fc2Weight;

    public VisionBlock(VisionConfig config, IWeightSource weights, string name, IVisionKernels? kernels)
    {
        (this.config, this.kernels) = (config, kernels);
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

    /// <summary>First: queries, keys and values of all patches, the former two rotated.</summary>
    /// <param name="hidden">[patches, hidden].</param>
    /// <param name="rotary">Angles of the patches.</param>
    /// <returns>[patches, 3 * hidden], in the caller's scope.</returns>
    public Tensor Project(Tensor hidden, RotaryTable rotary)
    {
        using var scope = NewDisposeScope();
        var weight = qkvWeight.Values;
        return Bands.Map(hidden.shape[0], VisionTower.BandPatches, (start, count) => Turn(linear(Normal(hidden, start, count, norm1Weight, norm1Bias), weight, qkvBias), rotary, start))
            .MoveToOuterDisposeScope();
    }

    /// <summary>Second, for each of <see cref="BandsOf"/>: what its patches see is added to them.</summary>
    /// <param name="hidden">[patches, hidden]; the caller's no more.</param>
    /// <param name="qkv">Of all patches.</param>
    /// <param name="frames">Patches of each image's each frame, in order; attention stays inside a frame.</param>
    /// <param name="band">The band.</param>
    /// <returns>[patches, hidden], in the caller's scope; where no gradients are wanted it is <paramref name="hidden"/>, changed in place.</returns>
    public Tensor Attend(Tensor hidden, Tensor qkv, IReadOnlyList<long> frames, (long Start, long Count) band)
    {
        using var scope = NewDisposeScope();
        var output = projWeight.Values;
        return Bands.Add(hidden, [band], (start, count) => linear(Attended(qkv, start, count, frames), output, projBias));
    }

    /// <summary>Third: every patch by itself.</summary>
    /// <param name="hidden">[patches, hidden]; the caller's no more.</param>
    /// <returns>As <see cref="Attend"/>.</returns>
    public Tensor Mix(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        var (up, down) = (fc1Weight.Values, fc2Weight.Values);
        return Bands.Add(hidden, Bands.Of(hidden.shape[0], VisionTower.BandPatches), (start, count) =>
            linear(VisionTower.Activate(linear(Normal(hidden, start, count, norm2Weight, norm2Bias), up, fc1Bias)), down, fc2Bias));
    }

    /// <summary>All frames together where they are few; bands within a frame else, of about as much work each.</summary>
    public static IEnumerable<(long Start, long Count)> BandsOf(IReadOnlyList<long> frames)
    {
        const long seen = 4 * VisionTower.BandPatches, rows = 128;
        var all = frames.Sum();
        if (all <= VisionTower.BandPatches || is_grad_enabled())
        {
            yield return (0, all);
            yield break;
        }

        var begin = 0L;
        foreach (var length in frames)
        {
            var size = VisionTower.BandPatches * seen / Math.Max(length, seen) / rows * rows;
            foreach (var (start, count) in Bands.Of(length, Math.Max(rows, size)))
            {
                yield return (begin + start, count);
            }

            begin += length;
        }
    }

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

    private static Tensor Normal(Tensor hidden, long start, long count, Tensor weight, Tensor bias) =>
        layer_norm(count == hidden.shape[0] ? hidden : hidden.narrow(0, start, count), weight.shape, weight, bias, VisionTower.NormEps);

    // [count, 3 * hidden]: queries and keys rotated in float32, as the reference does, then back in the compute type.
    private Tensor Turn(Tensor qkv, RotaryTable rotary, long start)
    {
        long heads = config.Heads;
        if (kernels is not null && !is_grad_enabled())
        {
            rotary.Rotate(kernels, qkv, start, 2 * config.Heads);
            return qkv;
        }

        var all = qkv.view(qkv.shape[0], 3 * heads, config.HeadDim);
        var turning = all.narrow(1, 0, 2 * heads);
        var turned = rotary.Rotate(turning, start);
        if (is_grad_enabled())
        {
            return cat([turned.to(qkv.dtype), all.narrow(1, 2 * heads, heads)], 1).view(qkv.shape);
        }

        turning.copy_(turned);
        return qkv;
    }

    // What the patches of a band see.
    private Tensor Attended(Tensor qkv, long start, long count, IReadOnlyList<long> frames)
    {
        if (count == qkv.shape[0] && frames.Distinct().Count() == 1)
        {
            var all = Heads(qkv, frames.Count);
            return Attended(all[0], all[1], all[2]);
        }

        if (count == qkv.shape[0])
        {
            return cat([.. qkv.split([.. frames]).Select(frame => Heads(frame, 1)).Select(one => Attended(one[0], one[1], one[2]))], 0);
        }

        var (begin, frame) = (0L, 0);
        while (start >= begin + frames[frame])
        {
            begin += frames[frame++];
        }

        var keys = Heads(qkv.narrow(0, begin, frames[frame]), 1);
        return Attended(Heads(qkv.narrow(0, start, count), 1)[0], keys[1], keys[2]);
    }

    // [frames * patches, 3 * hidden] to queries, keys and values, each [frames, heads, patches, headDim].
    private Tensor[] Heads(Tensor qkv, long frames) => qkv.view(frames, -1, 3, config.Heads, config.HeadDim).permute(2, 0, 3, 1, 4).unbind(0);

    private Tensor Attended(Tensor query, Tensor key, Tensor value) => scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(-1, config.HiddenSize);
}
