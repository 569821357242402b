using static Microsoft.Playwright.Assertions;

namespace EduVision.Browser.Tests;

/// <summary>Nobody has asked anything yet. A class of its own: its application has no history.</summary>
public sealed class FirstVisitTests(TrainedApp app) : BrowserTest(app), IClassFixture<TrainedApp>
{
    [Fact]
    public async Task A_sample_photo_is_one_click_away_and_brings_its_task()
    {
        var page = await app.OpenAsync();
        await page.Locator(".sample").Nth(2).ClickAsync();
        await Expect(page.Locator(".task.chosen")).ToContainTextAsync("转写");
        await page.Locator(".send button").ClickAsync();

        await Expect(page.Locator(".answer > .answer-text")).ToContainTextAsync("春风又绿江南岸");
    }
}
