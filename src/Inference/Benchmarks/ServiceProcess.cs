using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using EduVision.Shared;

namespace EduVision.Inference.Benchmarks;

/// <summary>The service as a process of its own, started as Web starts it.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process process;

    private ServiceProcess(Process process, InferenceEndpoint endpoint, double readySeconds) =>
        (this.process, Endpoint, ReadySeconds) = (process, endpoint, readySeconds);

    public InferenceEndpoint Endpoint { get; }

    /// <summary>From the start of the process to its line that says it listens.</summary>
    public double ReadySeconds { get; }

    public static async Task<ServiceProcess> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var self = Environment.ProcessPath!;
        var start = new ProcessStartInfo(self) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase)) start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        foreach (var argument in (string[])["serve", "--urls", "http://127.0.0.1:0", "--parent", $"{Environment.ProcessId}", .. arguments]) start.ArgumentList.Add(argument);
        var key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        start.Environment["EDUVISION_KEY"] = key;
        var begun = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken);
        if (line?.Split(' ') is not ["Listening", "on", var url]) throw new InvalidOperationException($"The service did not start: {line ?? "it ended"}.");
        return new ServiceProcess(process, new InferenceEndpoint(new Uri(url), key), Stopwatch.GetElapsedTime(begun).TotalSeconds);
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
