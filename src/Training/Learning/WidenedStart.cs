using EduVision.Model.Configuration;
using EduVision.Model.Weights;
using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>
/// Parameters of a checkpoint whose text hidden states are narrower: every tensor that touches them is padded so that the network
/// computes what it did. What reads the new channels reads nothing of them yet (zeros); what writes them writes nothing, or a
/// little noise that training can make something of. RMSNorm averages over the new channels too, so its weights shrink by
/// sqrt(narrow / wide).
/// </summary>
/// <param name="checkpoint">The narrow checkpoint.</param>
/// <param name="narrow">Its hidden size.</param>
/// <param name="wide">The new one, at least as large.</param>
/// <param name="noise">Standard deviation of what writes the new channels, relative to 1 / sqrt(fan-in); 0 keeps the function exactly.</param>
/// <param name="seed">Of the noise.</param>
public sealed class WidenedStart(IWeightSource checkpoint, long narrow, long wide, double noise, int seed) : IWeightInitialiser, IDisposable
{
    private readonly Generator generator = new((ulong)seed);

    /// <summary>The configuration with wider hidden states, its matrices in no FP8 yet.</summary>
    public static ModelConfig Widen(ModelConfig config, int wide) => config with
    {
        Text = config.Text with { HiddenSize = wide },
        Vision = config.Vision with { OutHiddenSize = wide },
        Quantization = null,
    };

    /// <inheritdoc/>
    public Tensor Initialise(string name, long[] shape)
    {
        if (AxisOf(name, shape.Length) is not { } axis) return checkpoint.Take(name, shape);

        using var scope = NewDisposeScope();
        using var off = no_grad();
        long[] before = [.. shape];
        before[axis] = narrow;
        var known = checkpoint.Take(name, before);
        long[] added = [.. shape];
        added[axis] = wide - narrow;
        if (name.EndsWith("norm.weight", StringComparison.Ordinal))
        {
            // A norm: the new channels get the mean weight, which multiplies nothing yet.
            known = known * Math.Sqrt(narrow / (double)wide);
            return cat([known, known.mean().expand(added)]).MoveToOuterDisposeScope();
        }
        var isWriter = axis == 0 && shape.Length == 2;
        var fresh = isWriter && noise > 0 ? randn(added, generator: generator) * (noise / Math.Sqrt(shape[1])) : zeros(added);
        return cat([known, fresh], axis).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => generator.Dispose();

    // Which axis has the width of hidden states, if any: rows of what writes them (o, down, and what comes out of the tower), columns of what
    // reads them (q, k, v, gate, up, the head) and of the embeddings, and the norms but for those of heads.
    private static int? AxisOf(string name, int dimensions)
    {
        bool Ends(string end) => name.EndsWith(end, StringComparison.Ordinal);
        var isText = name.StartsWith("model.language_model.", StringComparison.Ordinal) || name == "lm_head.weight";
        if (!isText) return name.Contains("merger", StringComparison.Ordinal) && name.Contains("linear_fc2", StringComparison.Ordinal) ? 0 : null;
        if (Ends("q_norm.weight") || Ends("k_norm.weight")) return null;
        return Ends("o_proj.weight") || Ends("down_proj.weight") ? 0 : dimensions - 1;
    }
}
