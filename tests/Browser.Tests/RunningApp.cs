using System.Collections.Concurrent;
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

    // Milliseconds: two cores, shared with a model and perhaps with other work. Nothing waits so long where all is well.
    private const float Patience = 60_000;

    private readonly string data = Directory.CreateTempSubdirectory("eduvision-browser-").FullName;
    private readonly ConcurrentDictionary<IPage, ConcurrentQueue<string>> complaints = [];
    private WebProcess? web;
    private IPlaywright? playwright;
    private IBrowser? browser;

    /// <summary>The model's folder; null skips the tests.</summary>
    protected abstract string? ModelFolder { get; }

    /// <summary>Why tests are skipped without it.</summary>
    protected abstract string Without { get; }

    /// <summary>Where the application is.</summary>
    public string Address { get; private set; } = "";

    /// <summary>What a page said on its console, or asked of anybody else.</summary>
    public IReadOnlyCollection<string> ComplaintsOf(IPage page) => complaints[page];

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        if (ModelFolder is null) return;
        await StartWebAsync("http://127.0.0.1:0");
        Assertions.SetDefaultExpectTimeout(Patience);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("EDUVISION_CHROMIUM") is { Length: > 0 } named ? named : "/usr/bin/chromium",
            Args = Flags,
        });
    }

    /// <summary>A page of a person of its own: nothing is shared with other pages but the application.</summary>
    /// <param name="path">Where to go.</param>
    /// <param name="locale">The browser's language.</param>
    /// <param name="width">Of the window.</param>
    /// <param name="height">Of the window.</param>
    /// <param name="colours">What the system prefers.</param>
    /// <param name="keepOpen">True for a person who wants to see the reasoning.</param>
    /// <param name="through">An address that leads to the application; null for its own.</param>
    public async Task<IPage> OpenAsync(
        string path = "/", string locale = "zh-CN", int width = 1280, int height = 860, ColorScheme colours = ColorScheme.Light, bool keepOpen = false,
        Uri? through = null)
    {
        Assert.SkipWhen(ModelFolder is null, Without);
        var address = through?.GetLeftPart(UriPartial.Authority) ?? Address;
        var context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = address, Locale = locale, ViewportSize = new ViewportSize { Width = width, Height = height }, ColorScheme = colours,
        });
        context.SetDefaultTimeout(Patience);
        if (keepOpen) await context.AddCookiesAsync([new Cookie { Name = "keep-open", Value = "1", Url = address }]);
        var page = await context.NewPageAsync();
        var said = complaints[page] = [];
        page.Request += (_, request) =>
        {
            if (!Array.Exists([address, "blob:", "data:"], known => request.Url.StartsWith(known, StringComparison.Ordinal))) said.Enqueue($"asked for {request.Url}");
        };
        page.PageError += (_, error) => said.Enqueue(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) said.Enqueue(message.Text);
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

    /// <summary>Closes every page: one that a test has left would go on working, and its circuit with it.</summary>
    public async Task CloseAsync()
    {
        if (browser is null) return;
        foreach (var context in browser.Contexts.ToList()) await context.CloseAsync();
        complaints.Clear();
    }

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
}
