[assembly: Xunit.AssemblyFixture(typeof(EduVision.Tests.OneAtATime))]

namespace EduVision.Tests;

/// <summary>
/// Test projects of one checkout take turns: <c>dotnet test</c> starts several at once, and a browser that shares two cores with
/// a model that computes on both shows nothing but time-outs.
/// </summary>
public sealed class OneAtATime : Xunit.IAsyncLifetime
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(30);
    private FileStream? turn;

    /// <summary>Waits for the turn; the operating system ends it with the process, however that ends.</summary>
    /// <exception cref="TimeoutException">Another project does not end its turn.</exception>
    public async ValueTask InitializeAsync()
    {
        // A project's output folder is tests/NAME/bin/CONFIGURATION/FRAMEWORK; the lock lies in the ignored tests/obj.
        var folder = Directory.CreateDirectory(Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../obj"))).FullName;
        var file = Path.Combine(folder, "turn.lock");
        var deadline = DateTime.UtcNow + LongestWait;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (turn is null)
        {
            try
            {
                turn = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (DateTime.UtcNow < deadline)
            {
                await timer.WaitForNextTickAsync();
            }
            catch (IOException exception)
            {
                throw new TimeoutException($"Another test project has held {file} for {LongestWait.TotalMinutes} minutes.", exception);
            }
        }
    }

    /// <summary>Ends the turn.</summary>
    public ValueTask DisposeAsync()
    {
        turn?.Dispose();
        return ValueTask.CompletedTask;
    }
}
