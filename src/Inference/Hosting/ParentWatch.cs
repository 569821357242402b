using System.Diagnostics;

namespace EduVision.Inference.Hosting;

/// <summary>Ends the service when the process that started it is gone: its id dies, or our standard input, which it holds open, ends.</summary>
internal static class ParentWatch
{
    public static void Start(int parent, IHostApplicationLifetime lifetime)
    {
        _ = WaitForExitAsync(parent, lifetime);
        // A thread of its own: reading standard input blocks and cannot be cancelled.
        new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            var buffer = new byte[256];
            while (input.Read(buffer) > 0)
            {
            }
            lifetime.StopApplication();
        })
        { IsBackground = true, Name = "Parent watch" }.Start();
    }

    private static async Task WaitForExitAsync(int parent, IHostApplicationLifetime lifetime)
    {
        try
        {
            using var process = Process.GetProcessById(parent);
            await process.WaitForExitAsync(lifetime.ApplicationStopping);
        }
        catch (ArgumentException)
        {
            // It was gone before we looked.
        }
        catch (OperationCanceledException)
        {
            return;
        }
        lifetime.StopApplication();
    }
}
