using EduVision.Model.Network;
using EduVision.Training.Data;
using static TorchSharp.torch;

namespace EduVision.Training.Learning;

/// <summary>The forward pass of a batch and how far its predictions are from the completions.</summary>
public static class LanguageModelLoss
{
    /// <summary>Logits of every place that predicts a token of a completion: [places, vocabulary], float32.</summary>
    public static Tensor Logits(Qwen3VL model, TrainingBatch batch, Device device, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var patches = PhotoPatches.Of(batch.Pixels.to(device), batch.Grid, type);
        var rows = batch.Examples.Count;
        var images = model.Vision.Forward(patches, [.. Enumerable.Repeat(batch.Grid, rows)]);
        var input = model.Prepare(batch.Ids.to(device), images);
        var rotary = model.Text.Rotary(batch.Positions.to(device));
        var hidden = model.Text.Forward(input.Hidden, rotary, new PackedCausalAttention(rows, batch.Length), input.DeepStack);
        var predicting = hidden.index_select(0, batch.PredictingRows.to(device));
        return model.Text.Logits(predicting).to(float32).MoveToOuterDisposeScope();
    }

    /// <summary>Mean cross entropy over the completions' tokens, a scalar on the device.</summary>
    public static Tensor Of(Qwen3VL model, TrainingBatch batch, Device device, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(model, batch, device, type);
        return nn.functional.cross_entropy(logits, batch.Targets.to(device)).MoveToOuterDisposeScope();
    }
}
