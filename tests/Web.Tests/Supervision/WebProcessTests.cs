using System.Net;
using System.Net.Sockets;

namespace EduVision.Web.Tests.Supervision;

/// <summary>Web started as a person starts it, with the stand-in as its inference service.</summary>
public sealed class WebProcessTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("eduvision-web-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task It_prints_its_address_serves_the_page_and_its_files_and_ends_its_child_even_when_killed()
    {
        using var web = WebProcess.Start(ChildProgram.Web, [.. Settings, ("urls", "http://127.0.0.1:0")]);
        var address = new Uri(await web.AddressAsync());
        using var client = new HttpClient { BaseAddress = address };
        foreach (var file in new[] { "/", "/app.css", "/lib/katex/katex.mjs", "/_content/MudBlazor/MudBlazor.min.css", "/Answers/AnswerText.razor.js", "/samples/equation.jpg", "/_framework/blazor.web.js" })
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(file, TestContext.Current.CancellationToken)).StatusCode);

        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells a process's children.");
        using var child = ChildProcesses.Of(web.Process).Single();
        web.Process.Kill();

        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.HasExited);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://[::]:0")]
    public async Task It_refuses_to_listen_where_others_could_reach_it(string address)
    {
        using var web = WebProcess.Start(ChildProgram.Web, [.. Settings, ("urls", address)]);

        await web.Process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, web.Process.ExitCode);
        Assert.Contains("no login", web.Errors, StringComparison.Ordinal);
        Assert.Contains("will come", web.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_model_is_named()
    {
        using var web = WebProcess.Start(ChildProgram.Web, [.. Settings, ("urls", "http://127.0.0.1:0"), ("Inference:Model", "/no/such/model")]);

        await web.Process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, web.Process.ExitCode);
        Assert.Contains("/no/such/model", web.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_taken_says_how_to_choose_another()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        using var web = WebProcess.Start(ChildProgram.Web, [.. Settings, ("urls", $"http://{other.LocalEndpoint}")]);

        await web.Process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, web.Process.ExitCode);
        Assert.Contains("--urls", web.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_foreign_host_name_is_refused()
    {
        using var web = WebProcess.Start(ChildProgram.Web, [.. Settings, ("urls", "http://127.0.0.1:0")]);
        var address = new Uri(await web.AddressAsync());
        using var client = new HttpClient { BaseAddress = address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "evil.example" } };

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private (string Key, string Value)[] Settings =>
    [
        ("Inference:Assembly", ChildProgram.Path),
        ("Inference:Model", folder),
        ("Data:Directory", Path.Combine(folder, "data")),
    ];
}
