using EduVision.Inference.Hosting;
using EduVision.Inference.Requests;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Tests.Hosting;

public sealed class FaultTests
{
    [Fact]
    public async Task A_step_that_throws_fails_only_who_is_to_blame_and_the_engine_goes_on()
    {
        await using var service = await TestService.StartAsync();
        var bad = service.Model.Tokenizer.Encode("poison", false);
        service.Runner.BeforeStep = chunks =>
        {
            if (chunks.Any(chunk => Contains(chunk.Prompt.Ids, bad))) throw new InvalidOperationException("The device said no.");
        };
        var all = await Task.WhenAll(service.AskAsync(TestService.Question()), service.AskAsync(TestService.Question("poison")), service.AskAsync(TestService.Question()));
        Assert.Equal(FailureCode.EngineFault, Assert.IsType<Failed>(all[1][^1]).Code);
        Assert.Equal((FinishReason.Stop, FinishReason.Stop), (Assert.IsType<Completed>(all[0][^1]).FinishReason, Assert.IsType<Completed>(all[2][^1]).FinishReason));
        Assert.IsType<Completed>((await service.AskAsync(TestService.Question()))[^1]);

        static bool Contains(IReadOnlyList<int> ids, int[] part) => Enumerable.Range(0, ids.Count).Any(i => ids.Skip(i).Take(part.Length).SequenceEqual(part));
    }

    [Fact]
    public async Task Stopping_the_service_ends_every_log_with_that_reason()
    {
        await using var service = await TestService.StartAsync(tiny => _ => tiny.Tokenizer.Encode("a", false)[0], options => (options.MaxRunning, options.LoopTokens) = (1, 100_000));
        var asked = new[] { TestService.Question(), TestService.Question() };
        var registry = service.Services.GetRequiredService<RequestRegistry>();
        var logs = asked.Select(request => registry.Join(request).Request!.Log).ToList();
        await TestService.UntilAsync(() => service.Engine.State is { Running: 1, Waiting: 1 });
        await service.StopAsync();
        foreach (var log in logs)
        {
            AnswerEvent? last = null;
            await foreach (var item in log.ReadAsync(0, TestContext.Current.CancellationToken)) last = item;
            Assert.Equal(FailureCode.ShuttingDown, Assert.IsType<Failed>(last).Code);
        }
        Assert.Equal(FailureCode.ShuttingDown, registry.Join(TestService.Question()).Refusal!.Code);
    }

    [Fact]
    public async Task While_the_model_loads_requests_wait_and_the_service_is_alive_but_not_ready()
    {
        using var loading = new ManualResetEventSlim();
        await using var service = await TestService.StartAsync(prepare: _ => loading.Wait(TestContext.Current.CancellationToken));
        using var http = new HttpClient { BaseAddress = service.Url };
        Assert.True((await http.GetAsync(InferenceRoutes.Alive, TestContext.Current.CancellationToken)).IsSuccessStatusCode);
        Assert.False(await service.Client.IsReadyAsync(TestContext.Current.CancellationToken));
        var asked = service.AskAsync(TestService.Question());
        await TestService.UntilAsync(() => service.Engine.State.Waiting == 1);
        loading.Set();
        Assert.IsType<Completed>((await asked)[^1]);
        Assert.True(await service.Client.IsReadyAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_model_that_takes_long_to_load()
    {
        using var loading = new ManualResetEventSlim();
        await using var service = await TestService.StartAsync(prepare: _ => loading.Wait());
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await service.Engine.StopAsync(patience.Token);
        loading.Set();
        await service.Engine.Loaded.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Without_the_key_everything_but_the_health_checks_is_refused()
    {
        await using var service = await TestService.StartAsync(configure: options => options.Key = "secret");
        Assert.IsType<Completed>((await service.AskAsync(TestService.Question()))[^1]);
        await using var stranger = new InferenceClient(new InferenceEndpoint(service.Url, "guess"));
        Assert.Equal(FailureCode.Unauthorized, (await Assert.ThrowsAsync<InferenceException>(() => stranger.StatusAsync(TestContext.Current.CancellationToken))).Error.Code);
        await foreach (var item in stranger.AskAsync(TestService.Question(), 0, TestContext.Current.CancellationToken)) Assert.Equal(FailureCode.Unauthorized, Assert.IsType<Failed>(item).Code);
        using var http = new HttpClient { BaseAddress = service.Url };
        foreach (var (path, status) in new[] { (InferenceRoutes.Alive, 200), (InferenceRoutes.Ready, 200), (InferenceRoutes.Status, 401), ("/v1/models", 401), (InferenceRoutes.Image(new string('a', 64)), 401) })
            Assert.Equal(status, (int)(await http.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0", null, "EDUVISION_KEY")]
    [InlineData("http://*:0", null, "EDUVISION_KEY")]
    [InlineData("nonsense", null, "no address")]
    public void A_start_that_would_be_open_to_others_or_is_nonsense_is_refused_with_what_to_do(string url, string? key, string says)
    {
        var refusal = Assert.Throws<OptionsValidationException>(() => InferenceHost.Build(options => (options.Urls, options.Key) = (url, key), _ => throw new InvalidOperationException()));
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_of_ended_requests_are_kept_up_to_a_number()
    {
        await using var service = await TestService.StartAsync(configure: options => options.RetainedRequests = 2);
        var requests = new[] { TestService.Question(), TestService.Question(), TestService.Question(), TestService.Question() };
        foreach (var request in requests) await service.AskAsync(request);
        Assert.IsType<Failed>((await service.AskAsync(requests[0], 1))[^1]);
        Assert.IsType<Completed>((await service.AskAsync(requests[3], 1))[^1]);
    }

    [Fact]
    public async Task Logs_of_ended_requests_are_kept_up_to_their_memory()
    {
        await using var service = await TestService.StartAsync(configure: options => options.RetainedBytes = 20_000);
        var requests = Enumerable.Range(0, 20).Select(_ => TestService.Question() with { Options = new GenerationOptions { TopLogProbs = 5 } }).ToList();
        foreach (var request in requests) await service.AskAsync(request);
        Assert.InRange(service.Services.GetRequiredService<RequestRegistry>().Count, 2, 12);
        Assert.IsType<Failed>((await service.AskAsync(requests[0], 1))[^1]);
        Assert.IsType<Completed>((await service.AskAsync(requests[^1], 1))[^1]);
    }

    [Fact]
    public async Task An_image_that_is_gone_when_its_turn_comes_is_asked_for_again()
    {
        using var data = new TemporaryFolder();
        using var steps = new SemaphoreSlim(0);
        await using var service = await TestService.StartAsync(configure: options => options.DataDirectory = data.Path, prepare: runner => runner.BeforeStep = _ => steps.Wait());
        var image = await service.StoreAsync(Pictures.Png());
        var first = service.AskAsync(TestService.Question());
        await TestService.UntilAsync(() => service.Engine.State.Running == 1);
        var second = service.AskAsync(TestService.Question("look", image));
        await TestService.UntilAsync(() => service.Engine.State.Waiting == 1);
        File.Delete(Path.Combine(data.Path, "images", image));
        steps.Release(10_000);
        Assert.Equal(FailureCode.ImageMissing, Assert.IsType<Failed>((await second)[^1]).Code);
        Assert.IsType<Completed>((await first)[^1]);
        Assert.Equal(image, await service.StoreAsync(Pictures.Png()));
        Assert.IsType<Completed>((await service.AskAsync(TestService.Question("look", image)))[^1]);
    }

    [Fact]
    public async Task Without_a_key_only_this_machine_is_answered_and_only_under_its_own_name()
    {
        await using var service = await TestService.StartAsync();
        using var http = new HttpClient { BaseAddress = service.Url };
        foreach (var (host, status) in new[] { ("localhost", 200), ("127.0.0.1:80", 200), ("[::1]", 200), ("evil.example", 401), ("127.0.0.1.evil.example", 401), ("loopback", 401) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, InferenceRoutes.Status);
            request.Headers.Host = host;
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal((host, status), (host, (int)response.StatusCode));
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:5081", true)]
    [InlineData("http://127.8.9.10:5081", true)]
    [InlineData("http://localhost:5081", true)]
    [InlineData("https://LOCALHOST:5081", true)]
    [InlineData("http://[::1]:5081", true)]
    [InlineData("http://unix:/tmp/inference.sock", true)]
    [InlineData("http://0.0.0.0:5081", false)]
    [InlineData("http://0:5081", false)]
    [InlineData("http://[::]:5081", false)]
    [InlineData("http://*:5081", false)]
    [InlineData("http://+:5081", false)]
    [InlineData("http://loopback:5081", false)]
    [InlineData("http://localhost.example.com:5081", false)]
    [InlineData("http://192.168.1.2:5081", false)]
    public void Only_addresses_that_the_server_binds_to_this_machine_are_loopback(string url, bool loopback) =>
        Assert.Equal(loopback, ListenAddress.Parse(url)!.IsLoopback);

    [Theory]
    [InlineData("127.0.0.1:5081")]
    [InlineData("ftp://127.0.0.1:5081")]
    [InlineData("http://127.0.0.1:5081/under/here")]
    public void What_the_server_cannot_listen_on_is_no_address(string url) => Assert.Null(ListenAddress.Parse(url));
}
