using System.Security.Cryptography;
using EduVision.Inference.Engine;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Shared;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>The real service on a real port, with a fake runner below its engine.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication app;

    private TestService(WebApplication app, TinyModel model, FakeRunner runner, string? key)
    {
        (this.app, Model, Runner) = (app, model, runner);
        Url = new Uri(app.Urls.First());
        Key = key;
        Client = NewClient();
    }

    public TinyModel Model { get; }
    public FakeRunner Runner { get; }
    public Uri Url { get; }
    public string? Key { get; }
    public InferenceClient Client { get; }
    public InferenceEngine Engine => app.Services.GetRequiredService<InferenceEngine>();
    public IServiceProvider Services => app.Services;

    public static async Task<TestService> StartAsync(
        Func<TinyModel, Func<IReadOnlyList<int>, int>>? says = null, Action<InferenceOptions>? configure = null, Action<FakeRunner>? prepare = null,
        Func<InferenceOptions, Placement>? place = null)
    {
        var model = new TinyModel();
        FakeRunner? runner = null;
        string? key = null;
        var app = InferenceHost.Build(
            options =>
            {
                (options.ModelDirectory, options.Urls, options.Key) = (model.Folder, "http://127.0.0.1:0", null);
                (options.KvTokens, options.BlockSize, options.StepTokens, options.MaxRunning) = (2048, 8, 64, 8);
                configure?.Invoke(options);
                key = options.Key;
                runner = new FakeRunner(options.KvTokens!.Value / options.BlockSize, options.BlockSize, (says ?? (tiny => tiny.Says("let me see", "x = 4")))(model));
            },
            _ =>
            {
                prepare?.Invoke(runner!);
                return runner!;
            },
            place is null ? null : services => place(services.GetRequiredService<IOptions<InferenceOptions>>().Value));
        await app.StartAsync();
        return new TestService(app, model, runner!, key);
    }

    public InferenceClient NewClient(Uri? url = null) => new(new InferenceEndpoint(url ?? Url, Key), new InferenceClientOptions { GiveUpAfter = TimeSpan.FromSeconds(20), FirstPause = TimeSpan.FromMilliseconds(5) });

    public static AskRequest Question(string text = "What is x?", params string[] images) => new()
    {
        Id = Guid.NewGuid(), User = "someone", Task = QuestionTask.Ask, Language = "en", Turns = [new Turn(TurnRole.User, text, images)],
    };

    public async Task<List<AnswerEvent>> AskAsync(AskRequest request, long after = 0)
    {
        List<AnswerEvent> events = [];
        await foreach (var item in Client.AskAsync(request, after, TestContext.Current.CancellationToken)) events.Add(item);
        return events;
    }

    public async Task<string> StoreAsync(byte[] image)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(image));
        await Client.EnsureImageAsync(hash, _ => ValueTask.FromResult<Stream>(new MemoryStream(image)), TestContext.Current.CancellationToken);
        return hash;
    }

    /// <summary>Waits until the condition holds: polls state that has no event of its own; fails with the test's own time limit.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition()) await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    public async Task StopAsync() => await app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Engine.CheckIntegrity();
        Assert.True(Engine.State is not { Running: 0, BlocksUsed: > 0 }, "blocks are held while nothing runs");
        await Client.DisposeAsync();
        await app.StopAsync();
        await app.DisposeAsync();
        Model.Dispose();
    }
}
