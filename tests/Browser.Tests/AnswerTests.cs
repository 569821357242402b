using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EduVision.Browser.Tests;

/// <summary>A person uploads a photo and reads the right answer.</summary>
public sealed class AnswerTests(TrainedApp app) : BrowserTest(app), IClassFixture<TrainedApp>
{
    private static readonly LocatorAssertionsToContainTextOptions Patient = new() { Timeout = 120_000 };

    [Theory]
    [InlineData("equation", "zh-CN", "6", "answer-zh")]
    [InlineData("arithmetic", "en-US", "28", "answer-en")]
    public async Task A_photographed_problem_is_solved(string sample, string locale, string expected, string picture)
    {
        var page = await app.OpenAsync("/", locale);
        await AskAsync(page, sample);

        await EndAsync(page);
        await Expect(page.Locator(".answer > .answer-text")).ToContainTextAsync(expected, Patient);
        await page.Locator(".fold").ClickAsync();
        await Expect(page.Locator(".reasoning .katex").First).ToBeVisibleAsync();
        await Expect(page.Locator(".follow-up")).ToBeVisibleAsync();
        await ScreenshotAsync(page, picture);
        Assert.Empty(app.ComplaintsOf(page));
    }

    [Fact]
    public async Task A_column_of_characters_is_transcribed()
    {
        var page = await app.OpenAsync();
        await page.Locator(".task:has(input[value=Transcribe])").ClickAsync();
        await AskAsync(page, "column");

        await Expect(page.Locator(".answer > .answer-text")).ToContainTextAsync("春风又绿江南岸", Patient);
    }

    [Theory]
    [InlineData("home", "/", 1280, ColorScheme.Light)]
    [InlineData("home-dark", "/", 1280, ColorScheme.Dark)]
    [InlineData("home-phone", "/", 390, ColorScheme.Light)]
    [InlineData("status", "/status", 1280, ColorScheme.Light)]
    public async Task Pages_for_the_documentation_can_be_photographed(string name, string path, int width, ColorScheme colours)
    {
        var page = await app.OpenAsync(path, width: width, colours: colours);
        await Expect(page.Locator("h1")).ToBeVisibleAsync();
        await ScreenshotAsync(page, name);
    }

    // Only when somebody asks for them: EDUVISION_SCREENSHOTS=1 dotnet test ...
    private static async Task ScreenshotAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("EDUVISION_SCREENSHOTS") is not { Length: > 0 }) return;
        await page.EvaluateAsync("scrollTo(0, 0)");
        await page.ScreenshotAsync(new() { Animations = ScreenshotAnimations.Disabled, Path = Places.InRepository($"docs/images/{name}.png") });
    }
}
