[assembly: Xunit.AssemblyFixture(typeof(EduVision.Tests.OneAtATime))]

namespace EduVision.Tests;

/// <summary>
/// Test projects take turns: <c>dotnet test</c> starts several at once, and a browser that shares two cores with a model that
/// computes on both shows nothing but time-outs.
/// </summary>
public sealed class OneAtATime : Xunit.IAsyncLifetime
{
    private static readonly string LockFile = Path.Combine(Path.GetTempPath(), "eduvision-tests.lock");
    private FileStream? turn;

    /// <summary>Waits for the turn; the operating system ends it with the process, however that ends.</summary>
    public async ValueTask InitializeAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (turn is null)
        {
            try
            {
                turn = new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await timer.WaitForNextTickAsync();
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
