using EduVision.Model.Imaging;
using static TorchSharp.torch;

namespace EduVision.Training.Data;

/// <summary>Examples of one photo size as tensors on the CPU, texts padded on the right.</summary>
public sealed class TrainingBatch : IDisposable
{
    private const int LengthStep = 16;

    private TrainingBatch(IReadOnlyList<Example> examples, ImageGrid grid, int length)
    {
        Examples = examples;
        Grid = grid;
        Length = length;
    }

    /// <summary>What is in it, a row each.</summary>
    public IReadOnlyList<Example> Examples { get; }

    /// <summary>The grid of every photo.</summary>
    public ImageGrid Grid { get; }

    /// <summary>Tokens a row.</summary>
    public int Length { get; }

    /// <summary>[rows, height, width, 3], uint8.</summary>
    public required Tensor Pixels { get; init; }

    /// <summary>[rows * length], int64.</summary>
    public required Tensor Ids { get; init; }

    /// <summary>[3, rows * length], int64.</summary>
    public required Tensor Positions { get; init; }

    /// <summary>Which of the rows * length places predict a token of a completion, int64.</summary>
    public required Tensor PredictingRows { get; init; }

    /// <summary>The token each of them shall predict, int64.</summary>
    public required Tensor Targets { get; init; }

    /// <summary>The batch of these examples and photos.</summary>
    public static TrainingBatch Of(IReadOnlyList<Example> examples, IReadOnlyList<byte[]> photos, ImageGrid grid, int padId)
    {
        var rows = examples.Count;
        var length = (examples.Max(example => example.Ids.Length) + LengthStep - 1) / LengthStep * LengthStep;
        var ids = new long[rows * length];
        var positions = new long[3 * rows * length];
        List<long> predicting = [];
        List<long> targets = [];
        Array.Fill(ids, padId);
        for (var row = 0; row < rows; row++)
        {
            var example = examples[row];
            var count = example.Ids.Length;
            for (var i = 0; i < count; i++)
            {
                ids[row * length + i] = example.Ids[i];
                for (var axis = 0; axis < 3; axis++) positions[(axis * rows + row) * length + i] = example.Positions[axis * count + i];
                if (i < example.PromptLength) continue;
                predicting.Add(row * length + i - 1);
                targets.Add(example.Ids[i]);
            }
        }
        var photoBytes = photos[0].Length;
        var pixels = new byte[rows * (long)photoBytes];
        for (var row = 0; row < rows; row++) Buffer.BlockCopy(photos[row], 0, pixels, row * photoBytes, photoBytes);
        const int patch = 16;
        return new TrainingBatch(examples, grid, length)
        {
            Pixels = Own(frombuffer(pixels, uint8, pixels.Length, 0).view(rows, grid.H * patch, grid.W * patch, 3)),
            Ids = Own(tensor(ids)),
            Positions = Own(tensor(positions).view(3, rows * length)),
            PredictingRows = Own(tensor(predicting.ToArray())),
            Targets = Own(tensor(targets.ToArray())),
        };
    }

    /// <summary>The same batch on another device; this one is disposed. Done by the threads that make data, so that training does not wait for it.</summary>
    public TrainingBatch To(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CPU) return this;
        using (this)
        {
            return new TrainingBatch(Examples, Grid, Length)
            {
                Pixels = Own(Pixels.to(device)),
                Ids = Own(Ids.to(device)),
                Positions = Own(Positions.to(device)),
                PredictingRows = Own(PredictingRows.to(device)),
                Targets = Own(Targets.to(device)),
            };
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pixels.Dispose();
        Ids.Dispose();
        Positions.Dispose();
        PredictingRows.Dispose();
        Targets.Dispose();
    }

    private static Tensor Own(Tensor made) => made.DetachFromDisposeScope();
}
