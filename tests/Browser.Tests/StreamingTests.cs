using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EduVision.Browser.Tests;

/// <summary>What happens to an answer on its way: nothing is lost.</summary>
public sealed class StreamingTests(TalkativeApp app) : IClassFixture<TalkativeApp>
{
    // Reasoning and answer together: random weights may end the reasoning at any time, or never.
    private const string Words = "[...document.querySelectorAll('.answer .answer-text')].map(e => e.innerText).join('')";

    [Fact]
    public async Task An_answer_streams_and_goes_on_after_a_reload()
    {
        var page = await AskAsync();
        var before = await WordsAsync(page, 40);

        await page.ReloadAsync();
        await RunningApp.LiveAsync(page);

        await WordsAsync(page, before.Length + 40);
        await Expect(page.Locator(".note")).ToHaveCountAsync(0);
        await StopAsync(page);
    }

    [Fact]
    public async Task Stop_ends_it_and_keeps_what_came()
    {
        var page = await AskAsync();
        await WordsAsync(page, 40);

        await StopAsync(page);

        await Expect(page.Locator(".note")).ToContainTextAsync("停止");
        var kept = (await WordsAsync(page, 40)).Length;
        await page.ReloadAsync();
        await RunningApp.LiveAsync(page);
        await Expect(page.Locator(".answer-actions")).ToBeVisibleAsync();
        await WordsAsync(page, kept / 2);
    }

    [Fact]
    public async Task Two_tabs_show_the_same_live_answer()
    {
        var first = await AskAsync();
        await WordsAsync(first, 40);
        var second = await app.OpenAsync(new Uri(first.Url).PathAndQuery, keepOpen: true);
        await WordsAsync(second, 40);

        await StopAsync(second);

        await Expect(first.Locator(".answer-actions")).ToBeVisibleAsync();
        await first.ReloadAsync();
        await second.ReloadAsync();
        await RunningApp.LiveAsync(first);
        await RunningApp.LiveAsync(second);
        Assert.Equal(await WordsAsync(first, 40), await WordsAsync(second, 40));
    }

    [Fact]
    public async Task An_inference_process_killed_in_the_middle_is_asked_again_by_itself_and_that_is_said()
    {
        var page = await AskAsync();
        await WordsAsync(page, 40);

        app.KillInference();

        await Expect(page.Locator(".note").First).ToContainTextAsync("自动重新提交");
        await WordsAsync(page, 40);
        await StopAsync(page);
    }

    [Fact]
    public async Task Web_killed_in_the_middle_comes_back_and_so_does_the_page()
    {
        var page = await AskAsync();
        await WordsAsync(page, 40);

        await app.RestartWebAsync();

        await Expect(page.Locator(".note").First).ToContainTextAsync("自动重新提交", new() { Timeout = 120_000 });
        await WordsAsync(page, 40);
        await StopAsync(page);
    }

    [Fact]
    public async Task A_follow_up_and_another_answer_can_be_had()
    {
        var page = await AskAsync();
        await WordsAsync(page, 40);
        await StopAsync(page);

        await page.Locator("button[aria-label='重新回答']").ClickAsync();
        await Expect(page.Locator(".stop")).ToBeVisibleAsync();
        await StopAsync(page);
        await Expect(page.Locator(".versions")).ToContainTextAsync("2 / 2");
        await page.Locator("button[aria-label='上一个回答']").ClickAsync();
        await Expect(page.Locator(".versions")).ToContainTextAsync("1 / 2");
        await WordsAsync(page, 40);
    }

    private async Task<IPage> AskAsync()
    {
        var page = await app.OpenAsync(keepOpen: true);
        await page.Locator(".file-input").First.SetInputFilesAsync(Places.Sample("equation"));
        await page.Locator(".send button").ClickAsync();
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/questions/"));
        return page;
    }

    private static async Task<string> WordsAsync(IPage page, int length)
    {
        await page.WaitForFunctionAsync($"length => ({Words}).length >= length", length);
        return await page.EvaluateAsync<string>(Words);
    }

    private static async Task StopAsync(IPage page)
    {
        await page.Locator(".stop").ClickAsync();
        await Expect(page.Locator(".answer-actions")).ToBeVisibleAsync();
    }
}
