using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using EduVision.Web.Questions;
using EduVision.Web.Recording;
using EduVision.Web.Tests.Fakes;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace EduVision.Web.Tests;

/// <summary>The whole application in this process, on real SQLite in a folder of its own, over a fake inference service.</summary>
public sealed class WebApp : IAsyncDisposable
{
    private readonly bool ownsFake;

    private WebApp(FakeInference fake, string data, bool ownsFake)
    {
        Fake = fake;
        Data = data;
        this.ownsFake = ownsFake;
        Factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseSetting("Inference:Url", fake.Url.ToString());
            host.UseSetting("Inference:StartLimit", "00:00:05");
            host.UseSetting("Recording:GiveUpAfter", "00:00:05");
            host.UseSetting("Data:Directory", data);
            foreach (var (key, value) in Settings) host.UseSetting(key, value);
        });
    }

    /// <summary>More settings for the next application; set and cleared by the test that wants them.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    /// <summary>The inference service.</summary>
    public FakeInference Fake { get; }

    /// <summary>The data folder.</summary>
    public string Data { get; }

    /// <summary>The host.</summary>
    public WebApplicationFactory<Program> Factory { get; }

    /// <summary>Services of the host.</summary>
    public IServiceProvider Services => Factory.Services;

    /// <summary>What asks.</summary>
    public QuestionBook Book => Services.GetRequiredService<QuestionBook>();

    /// <summary>Starts one.</summary>
    /// <param name="fake">A service to use; null for a new one.</param>
    /// <param name="data">A data folder to go on with; null for a new one.</param>
    /// <param name="settings">Settings of the application.</param>
    public static async Task<WebApp> StartAsync(FakeInference? fake = null, string? data = null, params (string Key, string Value)[] settings)
    {
        var service = fake ?? new FakeInference();
        if (fake is null) await service.StartAsync();
        var app = new WebApp(service, data ?? Directory.CreateTempSubdirectory("eduvision-web-").FullName, fake is null);
        foreach (var (key, value) in settings) app.Settings[key] = value;
        _ = app.Services; // starts the host
        return app;
    }

    /// <summary>A client that speaks a language and carries the page's request token.</summary>
    public async Task<HttpClient> ClientAsync(string language = "en")
    {
        var client = Factory.CreateClient();
        client.DefaultRequestHeaders.AcceptLanguage.Add(new StringWithQualityHeaderValue(language));
        var page = await client.GetStringAsync("/");
        var token = Regex.Match(page, "name=\"request-token\" content=\"([^\"]+)\"").Groups[1].Value;
        Assert.NotEmpty(token);
        client.DefaultRequestHeaders.Add("X-Request-Token", token);
        return client;
    }

    /// <summary>Waits until the row of an answer is as wanted; fails with what it was.</summary>
    public async Task<StoredAnswer> WhenAsync(Guid questionId, Func<StoredAnswer, bool> wanted)
    {
        var limit = TimeSpan.FromSeconds(30);
        StoredAnswer? last = null;
        using var timeout = new CancellationTokenSource(limit);
        while (true)
        {
            var question = await Book.LoadAsync(questionId);
            last = question?.Exchanges[^1].Answers[^1];
            if (last is not null && wanted(last)) return last;
            if (timeout.IsCancellationRequested) Assert.Fail($"The answer is {last?.State}, {last?.FailureCode}, '{last?.Reasoning}', '{last?.Text}'.");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a recorder holds an answer as wanted.</summary>
    public async Task<LiveAnswer> WhenLiveAsync(Guid answerId, Func<AnswerUpdate, bool> wanted)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        LiveAnswer? live;
        while ((live = Services.GetRequiredService<Recorders>().Find(answerId)) is null) await Task.Delay(5, timeout.Token);
        while (true)
        {
            var update = live.Read(default);
            if (wanted(update)) return live;
            await live.WhenNewAsync(update.Cursor, timeout.Token);
        }
    }

    /// <summary>Stops the application and keeps its data.</summary>
    public async Task StopAsync() => await Factory.DisposeAsync();

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Factory.DisposeAsync();
        if (ownsFake) await Fake.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (Directory.Exists(Data)) Directory.Delete(Data, recursive: true);
    }
}
