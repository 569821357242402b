using System.Diagnostics;
using System.Security.Cryptography;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>The service as a process of its own, with a real model, started as Web starts it.</summary>
internal sealed class ServedProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly InferenceClient client;

    private ServedProcess(Process process, InferenceClient client) => (this.process, this.client) = (process, client);

    public static async Task<ServedProcess> StartAsync(string model, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])[typeof(EduVision.Inference.Hosting.InferenceHost).Assembly.Location, "serve", "--urls", "http://127.0.0.1:0", "--parent", $"{Environment.ProcessId}", "--model", model]) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        return new ServedProcess(process, new InferenceClient(new InferenceEndpoint(new Uri(line!["Listening on ".Length..]))));
    }

    public async Task<string> StoreAsync(byte[] image)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(image));
        await client.EnsureImageAsync(hash, _ => ValueTask.FromResult<Stream>(new MemoryStream(image)), TestContext.Current.CancellationToken);
        return hash;
    }

    public async Task<Completed> AskAsync(AskRequest request)
    {
        AnswerEvent? last = null;
        await foreach (var item in client.AskAsync(request, 0, TestContext.Current.CancellationToken)) last = item;
        return Assert.IsType<Completed>(last);
    }

    /// <summary>Ends it in order, as its parent's end does.</summary>
    public async Task StopAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
