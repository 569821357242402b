using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EduVision.Browser.Tests;

/// <summary>Uploads, languages, widths, keys: what does not depend on what the model says.</summary>
public sealed class PageTests(TalkativeApp app) : BrowserTest(app), IClassFixture<TalkativeApp>
{
    public static TheoryData<string, byte[], string> BadFiles => new()
    {
        { "empty.jpg", [], "空" },
        { "renamed.png", "no picture at all, only its name says so"u8.ToArray(), "不是可识别的图片" },
        { "dot.png", BadPictures.Png(1, 1), "1×1" },
        { "line.png", BadPictures.Png(1, 10_000), "1×10000" },
        { "bomb.png", BadPictures.Png(50_000, 50_000), "2500" },
        { "cut.jpg", File.ReadAllBytes(Places.Sample("equation"))[..20_000], "损坏" },
        { "<img src=x onerror=window.hacked=1>.png", "no picture"u8.ToArray(), "<img src=x onerror=window.hacked=1>.png" },
        { "page.pdf", "%PDF-1.7 and so on, and so on, and so on"u8.ToArray(), "不是可识别的图片" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public async Task A_bad_file_is_refused_with_a_sentence_and_a_good_one_still_goes(string name, byte[] bytes, string sentence)
    {
        var page = await app.OpenAsync();
        var input = page.Locator(".file-input").First;

        await input.SetInputFilesAsync(new FilePayload { Name = name, MimeType = "image/png", Buffer = bytes });

        await Expect(page.Locator(".problem")).ToContainTextAsync(sentence);
        await Expect(page.Locator(".send button")).ToBeDisabledAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => window.hacked === undefined"));
        await input.SetInputFilesAsync(Places.Sample("equation"));
        await Expect(page.Locator(".send button")).ToBeEnabledAsync();
    }

    [Fact]
    public async Task Photos_come_by_drop_and_by_paste_and_can_be_turned_and_taken_away()
    {
        var page = await app.OpenAsync();
        await page.Locator(".picker[data-ready]").WaitForAsync();
        foreach (var (kind, count) in new[] { ("drop", 1), ("paste", 2) })
        {
            await page.EvaluateAsync(
                """
                async kind => {
                  const blob = await (await fetch('/samples/equation.jpg')).blob();
                  const data = new DataTransfer();
                  data.items.add(new File([blob], 'photo.jpg', { type: 'image/jpeg' }));
                  document.body.dispatchEvent(kind === 'drop'
                    ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
                    : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
                }
                """,
                kind);
            await Expect(page.Locator(".tray img[src$='/thumbnail']")).ToHaveCountAsync(count);
        }

        var photo = page.Locator(".tray img").First;
        var before = await photo.GetAttributeAsync("src");
        await page.Locator("button[aria-label='把照片 1 顺时针旋转']").ClickAsync();
        await Expect(photo).Not.ToHaveAttributeAsync("src", before!);

        await page.Locator("button[aria-label='移除照片 1']").ClickAsync();
        await Expect(page.Locator(".tray li")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task The_language_is_the_browsers_and_can_be_switched_for_good()
    {
        var page = await app.OpenAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync("拍下手写");

        await page.Locator("a.language").ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync("Photograph handwriting");
        await RunningApp.GoAsync(page, "/history");
        await Expect(page.Locator("h1")).ToContainTextAsync("History");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("lang", "en");
    }

    [Fact]
    public async Task Dark_follows_the_system_and_the_persons_choice_stays()
    {
        var page = await app.OpenAsync(colours: ColorScheme.Dark);
        // The system's choice is asked of the living page; the person's is known to the server.
        await page.WaitForFunctionAsync($"() => {Lightness} < 60");

        await page.Locator(".dark-button").ClickAsync();
        await page.WaitForFunctionAsync($"() => {Lightness} > 200");
        await page.ReloadAsync();
        await RunningApp.LiveAsync(page);
        Assert.True(await page.EvaluateAsync<double>(Lightness) > 200);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/history")]
    [InlineData("/status")]
    [InlineData("/settings")]
    public async Task Nothing_is_wider_than_a_phone(string path)
    {
        var page = await app.OpenAsync(path, width: 390, height: 844);

        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        // The drawer learns the window's width a moment after the page is alive, and folds.
        await Expect(page.Locator(".menu-button")).ToHaveAttributeAsync("aria-expanded", "false");
        await page.Locator(".menu-button").ClickAsync();
        await Expect(page.Locator(".drawer a.new-question, .drawer .new-question").First).ToBeInViewportAsync();
    }

    [Fact]
    public async Task The_keyboard_alone_is_enough_to_ask_and_to_stop()
    {
        var page = await app.OpenAsync();
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator(".skip-link")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        // The link is followed by way of the circuit: keys pressed before it has been go on from the old place.
        await Expect(page).ToHaveURLAsync(new Regex("#main$"));

        await TabToAsync(page, ".file-input");
        await Expect(page.Locator(".file-input:focus")).ToHaveCountAsync(1);
        var chooser = await page.RunAndWaitForFileChooserAsync(() => page.Keyboard.PressAsync("Enter"));
        await chooser.SetFilesAsync(Places.Sample("equation"));
        await Expect(page.Locator(".tray img[src$='/thumbnail']")).ToBeVisibleAsync();
        await TabToAsync(page, "input[name=task]");
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(page.Locator(".task.chosen")).ToContainTextAsync("转写");
        await TabToAsync(page, "#question-text");
        await page.Keyboard.TypeAsync("第二行");
        await TabToAsync(page, ".send button");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page).ToHaveURLAsync(QuestionAddress());
        await Expect(page.Locator(".stop")).ToBeVisibleAsync();
        // The new page's heading takes the focus; a key pressed before that would be lost.
        await Expect(page.Locator("h1")).ToBeFocusedAsync();
        await TabToAsync(page, ".stop");
        await page.Keyboard.PressAsync("Enter");
        await EndAsync(page);
    }

    [Fact]
    public async Task Control_and_Enter_in_the_words_asks()
    {
        var page = await app.OpenAsync();
        await page.Locator(".file-input").First.SetInputFilesAsync(Places.Sample("equation"));
        await Expect(page.Locator(".send button")).ToBeEnabledAsync();

        await page.Locator("#question-text").PressAsync("Control+Enter");

        await Expect(page).ToHaveURLAsync(QuestionAddress());
        await StopAsync(page);
    }

    [Fact]
    public async Task A_question_is_renamed_found_deleted_and_brought_back()
    {
        var page = await app.OpenAsync();
        await AskAsync(page);
        await StopAsync(page);

        await RunningApp.GoAsync(page, "/history");
        await page.Locator("button[aria-label^='重命名']").First.ClickAsync();
        await page.Locator(".mud-dialog input").FillAsync("周一的方程");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".entries")).ToContainTextAsync("周一的方程");

        await page.Locator(".search input").FillAsync("周一");
        await Expect(page.Locator(".entry")).ToHaveCountAsync(1);
        await page.Locator("button[aria-label='删除：周一的方程']").ClickAsync();
        await Expect(page.Locator(".entry")).ToHaveCountAsync(0);
        await page.GetByText("撤销").ClickAsync();
        await Expect(page.Locator(".entry")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task A_hostile_question_and_title_are_words_everywhere()
    {
        const string hostile = "<img src=x onerror=window.hacked=1><script>window.hacked=2</script>";
        var page = await app.OpenAsync();
        await page.Locator("#question-text").FillAsync(hostile);
        await AskAsync(page);
        await StopAsync(page);
        await Expect(page.Locator("main")).ToContainTextAsync(hostile);

        await RunningApp.GoAsync(page, "/history");
        await page.Locator("button[aria-label^='重命名']").First.ClickAsync();
        await page.Locator(".mud-dialog input").FillAsync($"{hostile}!");
        await page.Locator(".mud-dialog input").PressAsync("Enter");
        await Expect(page.Locator(".entries")).ToContainTextAsync($"{hostile}!");

        Assert.True(await page.EvaluateAsync<bool>("() => window.hacked === undefined"));
        Assert.Empty(app.ComplaintsOf(page));
    }

    [Fact]
    public async Task No_page_complains_or_asks_anybody_else_for_anything()
    {
        var page = await app.OpenAsync();
        foreach (var path in new[] { "/history", "/status", "/settings", "/" }) await RunningApp.GoAsync(page, path);
        await AskAsync(page, "arithmetic");
        await StopAsync(page);

        Assert.Empty(app.ComplaintsOf(page));
    }

    // Some way into the page: nothing may be out of reach of the Tab key, or far.
    private static async Task TabToAsync(IPage page, string selector)
    {
        for (var i = 0; i < 40; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector)) return;
        }
        Assert.Fail($"The Tab key does not reach {selector}.");
    }

    private const string Lightness =
        "Math.max(...getComputedStyle(document.querySelector('.mud-appbar')).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number))";
}
