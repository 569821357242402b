using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using EduVision.Shared;

namespace EduVision.Web.Supervision;

/// <summary>One running inference service of our own: a child process with its address and key.</summary>
public sealed class InferenceProcess : IDisposable
{
    private const string AddressLine = "Listening on ";
    private readonly Process process;
    private readonly TaskCompletionSource<Uri> address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<string> lastLines = new();
    private readonly string key = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    private InferenceProcess(Process process) => this.process = process;

    /// <summary>The process id.</summary>
    public int Id => process.Id;

    /// <summary>Starts the service on a free port of the loopback interface with a fresh key.</summary>
    /// <exception cref="InvalidOperationException">The process cannot be started; the message says what was tried.</exception>
    public static InferenceProcess Start(SupervisionOptions options, ILogger log)
    {
        var start = new ProcessStartInfo(DotnetHost())
        {
            RedirectStandardInput = true, // the child ends when this closes, which it does however we end
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        string[] arguments =
        [
            options.Assembly, "serve", "--urls", "http://127.0.0.1:0", "--model", options.Model,
            "--parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. options.Arguments,
        ];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);

        var child = new InferenceProcess(new Process { StartInfo = start, EnableRaisingEvents = true });
        start.Environment["EDUVISION_KEY"] = child.key;
        // These would make the child listen where we do.
        foreach (var name in new[] { "ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "DOTNET_URLS" })
            start.Environment.Remove(name);
        child.process.OutputDataReceived += (_, line) => child.Read(line.Data, log);
        child.process.ErrorDataReceived += (_, line) => child.Read(line.Data, log);
        try
        {
            child.process.Start();
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"The inference service could not be started with {start.FileName}: {e.Message}", e);
        }
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Waits until the model is loaded and requests are served.</summary>
    /// <exception cref="InvalidOperationException">The child ended instead, with its last lines in the message.</exception>
    /// <exception cref="TimeoutException">It took longer than <paramref name="limit"/>.</exception>
    public async Task<InferenceEndpoint> WhenReadyAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var ended = process.WaitForExitAsync(cancellationToken);
        var first = await Task.WhenAny(address.Task, ended).WaitAsync(limit, cancellationToken);
        if (first == address.Task) return new InferenceEndpoint(await address.Task, key);
        await ended;
        throw new InvalidOperationException($"The inference service ended with code {process.ExitCode} before it was ready. Its last words: {LastLines()}");
    }

    /// <summary>Completes with the exit code when the child has ended.</summary>
    public async Task<int> WhenEndedAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    /// <summary>Asks the child to end by closing its standard input; ends it if it does not within <paramref name="patience"/>.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        if (process.HasExited) return;
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync().WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private void Read(string? line, ILogger log)
    {
        if (line is null) return;
        lock (lastLines)
        {
            lastLines.Enqueue(line);
            if (lastLines.Count > 12) lastLines.Dequeue();
        }
        if (log.IsEnabled(LogLevel.Debug)) log.LogDebug("inference: {Line}", line);
        if (line.StartsWith(AddressLine, StringComparison.Ordinal) && Uri.TryCreate(line[AddressLine.Length..].Trim(), UriKind.Absolute, out var uri))
            address.TrySetResult(uri);
    }

    private string LastLines()
    {
        lock (lastLines) return lastLines.Count == 0 ? "(none)" : string.Join(Environment.NewLine, lastLines);
    }

    // The host that runs us, so that the child has the same runtime; a published single executable has none of its own.
    private static string DotnetHost() =>
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host
        : Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath!
        : "dotnet";
}
