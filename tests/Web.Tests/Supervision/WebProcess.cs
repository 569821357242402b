using System.Diagnostics;
using System.Text;

namespace EduVision.Web.Tests.Supervision;

/// <summary>The web application as a process of its own, as a person starts it.</summary>
internal sealed class WebProcess : IDisposable
{
    private readonly StringBuilder errors = new();
    private readonly TaskCompletionSource<string> address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WebProcess(Process process) => Process = process;

    /// <summary>The process.</summary>
    public Process Process { get; }

    /// <summary>What it wrote to its error stream.</summary>
    public string Errors
    {
        get { lock (errors) return errors.ToString(); }
    }

    /// <summary>Starts it with settings.</summary>
    /// <param name="program">Its assembly.</param>
    /// <param name="settings">Settings of the command line.</param>
    public static WebProcess Start(string program, params (string Key, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(program);
        foreach (var (key, value) in settings)
        {
            start.ArgumentList.Add($"--{key}");
            start.ArgumentList.Add(value);
        }
        foreach (var name in new[] { "ASPNETCORE_URLS", "ASPNETCORE_ENVIRONMENT" }) start.Environment.Remove(name);
        var web = new WebProcess(new Process { StartInfo = start });
        web.Process.OutputDataReceived += (_, line) =>
        {
            if (line.Data?.StartsWith("EduVision: ", StringComparison.Ordinal) == true) web.address.TrySetResult(line.Data[11..]);
        };
        web.Process.ErrorDataReceived += (_, line) =>
        {
            lock (web.errors) web.errors.AppendLine(line.Data);
        };
        web.Process.Start();
        web.Process.BeginOutputReadLine();
        web.Process.BeginErrorReadLine();
        return web;
    }

    /// <summary>The address it printed when everything was ready.</summary>
    public async Task<string> AddressAsync()
    {
        var ended = Process.WaitForExitAsync();
        var first = await Task.WhenAny(address.Task, ended).WaitAsync(TimeSpan.FromMinutes(2));
        return first == address.Task ? await address.Task : throw new InvalidOperationException($"It ended with {Process.ExitCode}: {Errors}");
    }

    public void Dispose()
    {
        if (!Process.HasExited) Process.Kill();
        Process.Dispose();
    }
}
