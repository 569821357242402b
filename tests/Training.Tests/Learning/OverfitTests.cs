using EduVision.Training.Learning;
using EduVision.Training.Problems;
using static TorchSharp.torch;

namespace EduVision.Training.Tests.Learning;

[Collection(OverfittedCollection.Name)]
public sealed class OverfitTests(OverfittedModel trained)
{
    [Fact]
    public void One_batch_is_learned_by_heart()
    {
        // At first every token of the vocabulary is about as likely.
        Assert.InRange(trained.FirstLoss, 4, 8);
        Assert.True(trained.LastLoss < trained.FirstLoss / 100, $"{trained.FirstLoss} -> {trained.LastLoss}");
    }

    [Fact]
    public void Validation_counts_what_was_learned_as_right_and_another_photos_answer_as_wrong()
    {
        var right = Validation.Run(trained.Model, [trained.Batch], CPU, float32);
        Assert.Equal((4, 4), Assert.Single(right).Value);
        Assert.Equal("solve.arithmetic", right.Keys.Single());

        // The same texts under each other's photos: the model tells them by the photo only.
        using var swapped = EduVision.Training.Data.TrainingBatch.Of(
            trained.Examples, [.. new[] { 1, 0, 3, 2 }.Select(OverfittedModel.Photo)], OverfittedModel.Grid, trained.Nano.Processor.Tokenizer.IdOf("<|endoftext|>"));
        Assert.Equal((0, 4), Assert.Single(Validation.Run(trained.Model, [swapped], CPU, float32)).Value);
    }

    [Fact]
    public void Targets_are_the_completion_and_the_end_of_the_turn()
    {
        var tokenizer = trained.Nano.Processor.Tokenizer;
        var expected = string.Concat(OverfittedModel.Problems.Select((Problem problem) => problem.Completion + "<|im_end|>"));
        Assert.Equal(expected, tokenizer.Decode([.. trained.Batch.Targets.data<long>().Select(id => (int)id)]));
        using var scope = NewDisposeScope();
        // A place predicts the token after it.
        Assert.Equal(trained.Batch.Targets.data<long>().ToArray(), trained.Batch.Ids.index_select(0, trained.Batch.PredictingRows + 1).data<long>().ToArray());
    }
}
