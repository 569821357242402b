using TorchSharp;
using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>
/// The optimiser: Muon (momentum, orthogonalised by Newton-Schulz) for hidden matrices, AdamW for everything else, one
/// learning rate for both. Muon's update is scaled to Adam's usual root mean square, as in Moonlight (arXiv 2502.16982).
/// </summary>
public sealed class MuonAdamW : IDisposable
{
    private const double AdamRootMeanSquare = 0.2;
    private const double Epsilon = 1e-8;
    private readonly OptimiserSettings settings;
    private readonly List<MatrixGroup> matrices = [];
    private readonly List<TrainableParameter> others;
    private readonly Tensor first;
    private readonly Tensor second;
    private readonly Tensor decayMask;
    private long steps;

    /// <summary>An optimiser over these parameters; it updates their masters.</summary>
    public MuonAdamW(IReadOnlyList<TrainableParameter> parameters, OptimiserSettings settings)
    {
        this.settings = settings;
        others = [.. parameters.Where(parameter => !parameter.IsHiddenMatrix)];
        foreach (var group in parameters.Where(parameter => parameter.IsHiddenMatrix).GroupBy(parameter => (parameter.Master.shape[0], parameter.Master.shape[1])))
            matrices.Add(new MatrixGroup([.. group]));
        var count = others.Sum(parameter => parameter.Master.numel());
        var device = parameters[0].Master.device;
        first = zeros(count, device: device).DetachFromDisposeScope();
        second = zeros(count, device: device).DetachFromDisposeScope();
        using var scope = NewDisposeScope();
        decayMask = cat([.. others.Select(parameter => full([parameter.Master.numel()], parameter.Master.dim() > 1 ? 1f : 0f, device: device))])
            .DetachFromDisposeScope();
    }

    /// <summary>One update from the gradients of the compute tensors, which are then cleared.</summary>
    /// <param name="parameters">The same parameters as at construction.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <returns>The global gradient norm before clipping, a scalar tensor on the device; the caller owns it.</returns>
    public Tensor Step(IReadOnlyList<TrainableParameter> parameters, double learningRate)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        steps++;
        var norm = cat([.. parameters.Where(parameter => parameter.Compute.grad is not null).Select(parameter => parameter.Compute.grad!.reshape(-1))]).to(float32).norm();
        var clip = (settings.ClipNorm / (norm + 1e-6)).clamp_max(1);
        StepOthers(learningRate, clip);
        foreach (var group in matrices) StepMatrices(group, learningRate, clip);
        foreach (var parameter in parameters) parameter.Compute.grad?.zero_();
        return norm.MoveToOuterDisposeScope();
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        first.Dispose();
        second.Dispose();
        decayMask.Dispose();
        foreach (var group in matrices) group.Momentum.Dispose();
    }

    private void StepOthers(double learningRate, Tensor clip)
    {
        var gradient = cat([.. others.Select(GradientOf)]) * clip;
        first.mul_(settings.Beta1).add_(gradient, 1 - settings.Beta1);
        second.mul_(settings.Beta2).addcmul_(gradient, gradient, 1 - settings.Beta2);
        var corrected1 = first / (1 - Math.Pow(settings.Beta1, steps));
        var corrected2 = second / (1 - Math.Pow(settings.Beta2, steps));
        var update = corrected1.div_(corrected2.sqrt_().add_(Epsilon));
        var masters = cat([.. others.Select(parameter => parameter.Master.reshape(-1))]);
        // Not in place: TorchSharp's cat of a single tensor is that tensor, here the master itself.
        update.add_(masters * decayMask, settings.WeightDecay);
        long offset = 0;
        foreach (var parameter in others)
        {
            var count = parameter.Master.numel();
            parameter.Master.add_(update.narrow(0, offset, count).view(parameter.Master.shape), -learningRate);
            offset += count;
        }
    }

    private static Tensor GradientOf(TrainableParameter parameter) =>
        parameter.Compute.grad is { } gradient ? gradient.reshape(-1).to(float32) : zeros(parameter.Master.numel(), device: parameter.Master.device);

    private void StepMatrices(MatrixGroup group, double learningRate, Tensor clip)
    {
        var gradient = stack([.. group.Members.Select(member => GradientOf(member).view(member.Master.shape))]).mul_(clip);
        group.Momentum.mul_(settings.Momentum).add_(gradient, 1 - settings.Momentum);
        var nesterov = gradient.mul_(1 - settings.Momentum).add_(group.Momentum, settings.Momentum);
        var update = Orthogonalise(nesterov).to(float32);
        var scale = AdamRootMeanSquare * Math.Sqrt(Math.Max(update.shape[1], update.shape[2]));
        for (var i = 0; i < group.Members.Count; i++)
        {
            var master = group.Members[i].Master;
            master.mul_(1 - learningRate * settings.WeightDecay).add_(update[i], -learningRate * scale);
        }
    }

    /// <summary>Quintic Newton-Schulz iteration with the coefficients of the original Muon: singular values end near one.</summary>
    private static Tensor Orthogonalise(Tensor matrices)
    {
        var x = matrices.to(matrices.device.type == DeviceType.CUDA ? bfloat16 : float32);
        var tall = x.shape[1] > x.shape[2];
        if (tall) x = x.transpose(1, 2);
        x = x / (x.to(float32).square().sum([1, 2], keepdim: true).sqrt() + 1e-7).to(x.dtype);
        for (var i = 0; i < 5; i++)
        {
            var a = x.matmul(x.transpose(1, 2));
            var b = (a * -4.7750f).add_(a.matmul(a), 2.0315f);
            x = (x * 3.4445f).add_(b.matmul(x));
        }
        return tall ? x.transpose(1, 2) : x;
    }

    /// <summary>Matrices of one shape, updated as one batch. Momentum is [members, rows, columns], float32.</summary>
    private sealed class MatrixGroup(IReadOnlyList<TrainableParameter> members)
    {
        public IReadOnlyList<TrainableParameter> Members { get; } = members;

        public Tensor Momentum { get; } = zeros([members.Count, .. members[0].Master.shape], device: members[0].Master.device).DetachFromDisposeScope();
    }
}

/// <summary>What the optimiser is told once.</summary>
public sealed record OptimiserSettings
{
    /// <summary>Decoupled weight decay of matrices and embeddings.</summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Adam's first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam's second moment.</summary>
    public double Beta2 { get; init; } = 0.98;

    /// <summary>Muon's momentum (Nesterov).</summary>
    public double Momentum { get; init; } = 0.95;

    /// <summary>Largest global gradient norm.</summary>
    public double ClipNorm { get; init; } = 1.0;
}
