using System.Diagnostics;
using EduVision.Shared;
using EduVision.Web.Supervision;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace EduVision.Web.Tests.Supervision;

/// <summary>With a small real process that behaves to its parent as the inference service does.</summary>
public sealed class SupervisorTests : IDisposable
{
    private readonly string model = Directory.CreateTempSubdirectory("eduvision-model-").FullName;

    public void Dispose() => Directory.Delete(model, recursive: true);

    [Fact]
    public async Task A_child_is_started_on_a_free_port_with_a_key_of_its_own()
    {
        using var first = Supervisor();
        using var second = Supervisor();
        await first.StartAsync(TestContext.Current.CancellationToken);
        await second.StartAsync(TestContext.Current.CancellationToken);
        await first.FirstReady;
        await second.FirstReady;

        Assert.True(first.Endpoint!.Url.IsLoopback);
        Assert.NotEqual(first.Endpoint.Url, second.Endpoint!.Url);
        Assert.NotEqual(first.Endpoint.Key, second.Endpoint.Key);
        Assert.Equal(first.Endpoint.Key, await KeyAsync(first.Endpoint));

        await first.StopAsync(TestContext.Current.CancellationToken);
        await second.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_child_that_dies_is_started_again_with_a_new_key()
    {
        using var supervisor = Supervisor();
        await supervisor.StartAsync(TestContext.Current.CancellationToken);
        await supervisor.FirstReady;
        var before = supervisor.Endpoint!;

        using (var child = Process.GetProcessById(supervisor.ChildId!.Value)) child.Kill();
        var after = await WhenAsync(supervisor, e => e is not null && e != before);

        Assert.NotEqual(before.Key, after!.Key);
        Assert.Equal(after.Key, await KeyAsync(after));
        await supervisor.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_child_ends_when_the_supervisor_stops()
    {
        using var supervisor = Supervisor();
        await supervisor.StartAsync(TestContext.Current.CancellationToken);
        await supervisor.FirstReady;
        using var child = Process.GetProcessById(supervisor.ChildId!.Value);

        await supervisor.StopAsync(TestContext.Current.CancellationToken);

        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Null(supervisor.Endpoint);
    }

    [Fact]
    public async Task A_child_that_cannot_start_says_why()
    {
        await File.WriteAllTextAsync(Path.Combine(model, "broken"), "", TestContext.Current.CancellationToken);
        using var supervisor = Supervisor();
        await supervisor.StartAsync(TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => supervisor.FirstReady);

        Assert.Contains("config.json: there is none", failure.Message, StringComparison.Ordinal);
        Assert.Contains("66", failure.Message, StringComparison.Ordinal);
        await supervisor.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task With_an_address_configured_none_is_started()
    {
        using var supervisor = Supervisor(new Uri("http://127.0.0.1:5090"), "key");
        await supervisor.StartAsync(TestContext.Current.CancellationToken);
        await supervisor.FirstReady;

        Assert.Equal(new InferenceEndpoint(new Uri("http://127.0.0.1:5090"), "key"), supervisor.Endpoint);
        Assert.Null(supervisor.ChildId);
    }

    private InferenceSupervisor Supervisor(Uri? url = null, string? key = null) => new(
        Options.Create(new SupervisionOptions
        {
            Url = url,
            Key = key,
            Assembly = ChildProgram.Path,
            Model = model,
            StartLimit = TimeSpan.FromMinutes(1),
            FirstPause = TimeSpan.FromMilliseconds(20),
        }),
        NullLogger<InferenceSupervisor>.Instance);

    private static async Task<string> KeyAsync(InferenceEndpoint endpoint)
    {
        using var client = new HttpClient();
        return await client.GetStringAsync(new Uri(endpoint.Url, "/key"), TestContext.Current.CancellationToken);
    }

    private static async Task<InferenceEndpoint?> WhenAsync(InferenceSupervisor supervisor, Func<InferenceEndpoint?, bool> wanted)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!wanted(supervisor.Endpoint)) await Task.Delay(10, timeout.Token);
        return supervisor.Endpoint;
    }
}
