using System.Collections.Concurrent;

namespace EduVision.Training.Data;

/// <summary>
/// Makes item 0, 1, 2, ... on several threads ahead of their consumer and hands them out in order, so that the data of a
/// run depends on its seed alone and never on timing.
/// </summary>
/// <typeparam name="T">What is made.</typeparam>
public sealed class OrderedPipeline<T> : IDisposable
{
    private readonly BlockingCollection<Task<T>> ordered;
    private readonly CancellationTokenSource stop = new();
    private readonly Task feeder;
    private readonly SemaphoreSlim free;

    /// <summary>Starts making items.</summary>
    /// <param name="make">Makes the item of that index; called from several threads at once.</param>
    /// <param name="first">Index of the first item.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="ahead">Most items made or being made before the consumer wants them.</param>
    public OrderedPipeline(Func<long, T> make, long first, int workers, int ahead)
    {
        ordered = new BlockingCollection<Task<T>>(ahead);
        free = new SemaphoreSlim(workers);
        feeder = Task.Run(async () =>
        {
            for (var index = first; !stop.IsCancellationRequested; index++)
            {
                await free.WaitAsync(stop.Token);
                var mine = index;
                ordered.Add(Task.Run(() => Make(make, mine)), stop.Token);
            }
        });
    }

    /// <summary>The next item; waits for it. An error in making it is thrown here.</summary>
    public T Next() => ordered.Take(stop.Token).GetAwaiter().GetResult();

    /// <summary>How many items are made or being made: near zero means that the consumer waits for the makers.</summary>
    public int Ready => ordered.Count(task => task.IsCompleted);

    /// <summary>Stops the threads.</summary>
    public void Dispose()
    {
        stop.Cancel();
        try
        {
            feeder.Wait();
        }
        catch (AggregateException error) when (error.InnerException is OperationCanceledException)
        {
            // That is how the feeder ends.
        }
        // What was made ahead and never taken has no other owner.
        foreach (var made in ordered.ToArray().Select(task => task.ContinueWith(done => done.IsCompletedSuccessfully ? done.Result as IDisposable : null, TaskScheduler.Default)))
            made.Result?.Dispose();
        ordered.Dispose();
        free.Dispose();
        stop.Dispose();
    }

    private T Make(Func<long, T> make, long index)
    {
        try
        {
            return make(index);
        }
        finally
        {
            free.Release();
        }
    }
}
