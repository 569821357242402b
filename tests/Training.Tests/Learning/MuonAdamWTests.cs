using EduVision.Training.Learning;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Learning;

public sealed class MuonAdamWTests
{
    [Fact]
    public void It_solves_a_least_squares_problem_of_matrices_and_vectors()
    {
        using var fresh = new FreshWeights(1);
        using var weights = new TrainableWeights(CPU, float32, fresh);
        var stackedName = "model.language_model.layers.0.mlp.";
        var matrix = weights.TakeStacked([stackedName + "gate_proj.weight", stackedName + "up_proj.weight"], [8, 8], 16);
        var bias = weights.Take("model.visual.blocks.0.attn.proj.bias", 16);
        using var optimiser = new MuonAdamW(weights.Parameters, new OptimiserSettings { WeightDecay = 0 });
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        var x = randn([256, 16], generator: generator);
        var target = x.matmul(randn([16, 16], generator: generator).T) + randn([16], generator: generator);

        float Loss(bool step, double rate)
        {
            using var inner = NewDisposeScope();
            var loss = (x.matmul(matrix.T) + bias - target).square().mean();
            if (!step) return loss.item<float>();
            loss.backward();
            optimiser.Step(weights.Parameters, rate);
            weights.Refresh(null);
            return loss.item<float>();
        }

        var before = Loss(step: false, 0);
        for (var i = 0; i < 400; i++) Loss(step: true, 0.2 * (1 - i / 400.0));
        Assert.True(Loss(step: false, 0) < before * 1e-3, $"{before} -> {Loss(step: false, 0)}");
    }

    [Fact]
    public void A_stack_is_stored_as_the_matrices_it_is_made_of()
    {
        using var fresh = new FreshWeights(2);
        using var weights = new TrainableWeights(CPU, float32, fresh);
        weights.TakeStacked(["a.q_proj.weight", "a.k_proj.weight"], [6, 2], 4);
        var parts = weights.Parameters[0].Split().ToArray();
        Assert.Equal(["a.q_proj.weight", "a.k_proj.weight"], parts.Select(part => part.Name));
        Assert.Equal([6, 4], parts[0].Value.shape);
        Assert.True(parts[1].Value.Equals(weights.Parameters[0].Master.narrow(0, 6, 2)));
    }
}
