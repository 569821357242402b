using System.Diagnostics;
using EduVision.Inference.Tests.Fakes;
using EduVision.Inference.Tests.Runners;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Hosting;

/// <summary>The service as a process of its own, with a real model.</summary>
public sealed class ProcessTests(TorchRunnerFixture fixture) : IClassFixture<TorchRunnerFixture>
{
    private Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[typeof(EduVision.Inference.Hosting.InferenceHost).Assembly.Location, .. arguments, "--model", fixture.Folder]) start.ArgumentList.Add(argument);
        start.Environment["EDUVISION_KEY"] = "secret";
        // Nobody listens there: what is on this machine is asked directly.
        foreach (var name in (string[])["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]) start.Environment[name] = "http://127.0.0.1:9";
        foreach (var name in (string[])["no_proxy", "NO_PROXY"]) start.Environment.Remove(name);
        return Process.Start(start)!;
    }

    private static async Task<InferenceClient> ReadyAsync(Process service)
    {
        var line = await service.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("Listening on http://127.0.0.1:", line, StringComparison.Ordinal);
        return new InferenceClient(new InferenceEndpoint(new Uri(line!["Listening on ".Length..]), "secret"));
    }

    [Fact]
    public async Task Started_by_another_process_it_says_where_it_listens_answers_and_ends_when_its_input_ends()
    {
        using var service = Start("serve", "--urls", "http://127.0.0.1:0", "--parent", $"{Environment.ProcessId}");
        await using var client = await ReadyAsync(service);
        var status = await client.StatusAsync(TestContext.Current.CancellationToken);
        Assert.True(status.Ready);
        Assert.Equal((12, true), (status.ModelHash.Length, status.Device.StartsWith("CPU", StringComparison.Ordinal)));
        AnswerEvent? last = null;
        var request = TestService.Question() with { Options = new GenerationOptions { MaxTokens = 5, Temperature = 0 } };
        await foreach (var item in client.AskAsync(request, 0, TestContext.Current.CancellationToken)) last = item;
        Assert.IsType<Completed>(last);
        service.StandardInput.Close();
        await service.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, service.ExitCode);
    }

    [Fact]
    public async Task It_ends_when_its_parent_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Needs a process that only waits.");
        using var parent = Process.Start("sleep", "600");
        using var service = Start("serve", "--urls", "http://127.0.0.1:0", "--parent", $"{parent.Id}");
        await using var client = await ReadyAsync(service);
        parent.Kill();
        await service.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, service.ExitCode);
    }

    [Fact]
    public async Task Ask_can_use_a_service_that_already_runs()
    {
        using var service = Start("serve", "--urls", "http://127.0.0.1:0", "--parent", $"{Environment.ProcessId}");
        var line = await service.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        using var ask = Start("ask", "--url", line!["Listening on ".Length..], "--max-tokens", "5", "--temperature", "0", "What is this?");
        var said = ask.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await ask.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), (ask.ExitCode, ask.ExitCode == 0 ? "" : await said));
        service.StandardInput.Close();
        await service.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Ask_says_what_is_wrong_with_an_address()
    {
        using var ask = Start("ask", "--url", "over there", "What is this?");
        var said = await ask.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await ask.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual(0, ask.ExitCode);
        Assert.Contains("'over there' is no address", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_prints_the_answer_and_how_it_ended()
    {
        using var ask = Start("ask", "--max-tokens", "5", "--temperature", "0", "What is this?");
        var (output, said) = (ask.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), ask.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await ask.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, ask.ExitCode);
        Assert.NotEqual("", (await output).Trim());
        Assert.Contains("tokens in, ", await said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_takes_its_question_back_when_it_is_interrupted()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Needs a signal.");
        // An answer that is still being written when the signal comes, however late that is.
        await using var service = await TestService.StartAsync(
            tiny => _ =>
            {
                Thread.Sleep(10);
                return tiny.Tokenizer.Encode("a", false)[0];
            },
            options => (options.Key, options.LoopTokens) = ("secret", 100_000));
        using var ask = Start("ask", "--url", service.Url.ToString(), "What is this?");
        await TestService.UntilAsync(() => service.Engine.State.Running == 1);
        using var kill = Process.Start("kill", ["-INT", $"{ask.Id}"]);
        await ask.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, ask.ExitCode);
        await TestService.UntilAsync(() => service.Engine.State.Running == 0);
    }

    [Fact]
    public async Task A_setting_that_is_no_number_or_no_device_of_this_machine_is_named_without_a_stack()
    {
        foreach (var (name, value, says) in new[] { ("KvTokens", "many", "Inference:KvTokens"), ("Device", "gpu", "Device must be cpu, cuda or cuda:N"), ("KvTokens", "1000", "must be a multiple of BlockSize") })
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true };
            foreach (var argument in (string[])[typeof(EduVision.Inference.Hosting.InferenceHost).Assembly.Location, "--urls", "http://127.0.0.1:0", "--model", fixture.Folder]) start.ArgumentList.Add(argument);
            start.Environment[$"Inference__{name}"] = value;
            using var service = Process.Start(start)!;
            var said = await service.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await service.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(2, service.ExitCode);
            Assert.Contains(says, said, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_folder_without_a_model_is_named_with_what_to_do()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true };
        foreach (var argument in (string[])[typeof(EduVision.Inference.Hosting.InferenceHost).Assembly.Location, "--urls", "http://127.0.0.1:0", "--model", "/no/such/model"]) start.ArgumentList.Add(argument);
        using var service = Process.Start(start)!;
        var said = await service.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await service.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, service.ExitCode);
        Assert.Contains("config.json is missing", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }
}
