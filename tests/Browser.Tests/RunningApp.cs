using EduVision.Browser.Tests.Models;
using EduVision.Web.Tests.Supervision;
using Microsoft.Playwright;

namespace EduVision.Browser.Tests;

/// <summary>Both real processes, Web and the inference service under it, and a Chromium to look at them.</summary>
public abstract class RunningApp : IAsyncLifetime
{
    private static readonly string[] Flags =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ];

    private readonly string data = Directory.CreateTempSubdirectory("eduvision-browser-").FullName;
    private readonly List<string> complaints = [];
    private WebProcess? web;
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>The model's folder; null skips the tests.</summary>
    protected abstract string? ModelFolder { get; }

    /// <summary>Why tests are skipped without it.</summary>
    protected abstract string Without { get; }

    /// <summary>Where the application is.</summary>
    public string Address { get; private set; } = "";

    /// <summary>What pages said on their consoles, or asked of anybody else.</summary>
    public IReadOnlyList<string> Complaints
    {
        get { lock (complaints) return [.. complaints]; }
    }

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        if (ModelFolder is null) return;
        await StartWebAsync("http://127.0.0.1:0");
        Assertions.SetDefaultExpectTimeout(30_000); // two cores, shared with a model
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("EDUVISION_CHROMIUM") is { Length: > 0 } named ? named : "/usr/bin/chromium",
            Args = Flags,
        });
    }

    /// <summary>A page of a person of its own: nothing is shared with other pages but the application.</summary>
    public async Task<IPage> OpenAsync(string path = "/", string locale = "zh-CN", int width = 1280, int height = 860, ColorScheme colours = ColorScheme.Light, bool keepOpen = false)
    {
        Assert.SkipWhen(ModelFolder is null, Without);
        var context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = Address, Locale = locale, ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = colours,
        });
        context.SetDefaultTimeout(60_000);
        if (keepOpen) await context.AddCookiesAsync([new Cookie { Name = "keep-open", Value = "1", Url = Address }]);
        context.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(Address, StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
                Complain($"asked for {request.Url}");
        };
        var page = await context.NewPageAsync();
        page.PageError += (_, error) => Complain(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) Complain(message.Text);
        };
        await GoAsync(page, path);
        return page;
    }

    /// <summary>Goes somewhere and waits until the page is alive.</summary>
    public static async Task GoAsync(IPage page, string path)
    {
        await page.GotoAsync(path);
        await LiveAsync(page);
    }

    /// <summary>Waits until the circuit is there: the model's state is only written into a living page.</summary>
    public static async Task LiveAsync(IPage page) => await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    /// <summary>Kills the inference service.</summary>
    public void KillInference()
    {
        using var child = ChildProcesses.Of(web!.Process).Single();
        child.Kill();
    }

    /// <summary>Kills Web, and starts it again at the same address.</summary>
    public async Task RestartWebAsync()
    {
        web!.Process.Kill();
        await web.Process.WaitForExitAsync();
        web.Dispose();
        await StartWebAsync(Address);
    }

    /// <inheritdoc />
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (browser is not null) await browser.CloseAsync();
        playwright?.Dispose();
        web?.Dispose();
        Directory.Delete(data, recursive: true);
    }

    private async Task StartWebAsync(string address)
    {
        web = WebProcess.Start(Places.Web, ("urls", address), ("Data:Directory", data), ("Inference:Model", ModelFolder!));
        Address = await web.AddressAsync();
    }

    private void Complain(string what)
    {
        lock (complaints) complaints.Add(what);
    }
}

/// <summary>With the bundled, trained model: what it says is right.</summary>
public sealed class TrainedApp : RunningApp
{
    /// <inheritdoc />
    protected override string? ModelFolder => Places.TrainedModel;

    /// <inheritdoc />
    protected override string Without => "There is no models/nano here.";
}

/// <summary>With a model of random weights that knows no end: what it says is nonsense, and goes on until somebody stops it.</summary>
public sealed class TalkativeApp : RunningApp
{
    /// <inheritdoc />
    protected override string? ModelFolder { get; } = TalkativeModel.Make();

    /// <inheritdoc />
    protected override string Without => "There is no tests/Model.Tests/Fixtures/tiny-fp8 here.";

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (ModelFolder is not null) Directory.Delete(ModelFolder, recursive: true);
    }
}

/// <summary>With a model that knows one text by heart; deletes it at the end.</summary>
/// <param name="folder">The model's folder.</param>
public class RecitingApp(string? folder) : RunningApp
{
    /// <inheritdoc />
    protected override string? ModelFolder => folder;

    /// <inheritdoc />
    protected override string Without => "There is no tests/Model.Tests/Fixtures/tiny-fp8 here.";

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        if (folder is not null) Directory.Delete(folder, recursive: true);
    }
}
