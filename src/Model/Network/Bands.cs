using static TorchSharp.torch;

namespace EduVision.Model.Network;

/// <summary>
/// A large input some rows at a time: what lies between input and output then takes the memory of a band, not of all rows. Where
/// gradients are wanted everything is kept anyway, so there all rows are one band and nothing is changed in place.
/// </summary>
internal static class Bands
{
    /// <summary>The bands of so many rows.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="size">Rows of a band; the last may have fewer.</param>
    public static IEnumerable<(long Start, long Count)> Of(long rows, long size)
    {
        var step = is_grad_enabled() ? rows : size;
        for (var start = 0L; start < rows; start += step)
        {
            yield return (start, Math.Min(step, rows - start));
        }
    }

    /// <summary>The parts one behind the other. What a part leaves behind is freed before the next.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="size">Rows of a band.</param>
    /// <param name="part">From start and count to [count, ...].</param>
    /// <returns>[rows, ...], in the caller's scope.</returns>
    public static Tensor Map(long rows, long size, Func<long, long, Tensor> part)
    {
        Tensor? all = null;
        foreach (var (start, count) in Of(rows, size))
        {
            using var scope = NewDisposeScope();
            var made = part(start, count);
            if (count == rows)
            {
                return made.MoveToOuterDisposeScope();
            }

            all ??= empty([rows, .. made.shape[1..]], made.dtype, made.device).MoveToOuterDisposeScope();
            all.narrow(0, start, count).copy_(made);
        }

        return all!;
    }

    /// <summary>Adds to every band what is made of it. To be called in a scope of what the parts share, which ends with the call.</summary>
    /// <param name="rows">[rows, ...]; changed in place where no gradients are wanted.</param>
    /// <param name="bands">Bands that cover all rows.</param>
    /// <param name="part">From start and count to [count, ...].</param>
    /// <returns>The sum, outside that scope: <paramref name="rows"/> itself where it was changed.</returns>
    public static Tensor Add(Tensor rows, IEnumerable<(long Start, long Count)> bands, Func<long, long, Tensor> part)
    {
        foreach (var (start, count) in bands)
        {
            using var scope = NewDisposeScope();
            var made = part(start, count);
            if (is_grad_enabled())
            {
                return rows.Plus(made).MoveToOuterDisposeScope().MoveToOuterDisposeScope();
            }

            rows.narrow(0, start, count).add_(made, Scalars.One);
        }

        return rows;
    }
}
