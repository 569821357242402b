using EduVision.Inference.Tests.Fakes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EduVision.Browser.Tests;

/// <summary>How a long and hostile answer gets into the page, whose every character is known.</summary>
public sealed class AnswerTextTests(HostileApp app) : BrowserTest(app), IClassFixture<HostileApp>
{
    // Elements, words, and formulas as they were written: KaTeX has made something else of them.
    private const string Shape =
        """
        () => {
          const shape = node => node.nodeType === Node.TEXT_NODE ? node.data.trim()
            : node.classList.contains('math') ? `{${node.className} ${node.dataset.tex}}`
            : `<${node.localName}>${[...node.childNodes].map(shape).join('')}</>`;
          return [...document.querySelector('.answer > .answer-text').children].map(shape).join('\n');
        }
        """;

    [Fact]
    public async Task What_a_hostile_model_writes_does_nothing_and_is_read_as_text()
    {
        var page = await app.OpenAsync();
        await AskAsync(page);
        await EndAsync(page);
        foreach (var state in new[] { "streamed", "stored" })
        {
            Assert.True(await page.EvaluateAsync<bool>("() => window.hacked === undefined"), state);
            Assert.Equal(0, await page.Locator(".answer :is(img, script, style, iframe, svg[onload], [onerror], a[href^=javascript])").CountAsync());
            await Expect(page.Locator(".answer > .answer-text")).ToContainTextAsync("<script>window.hacked = 2</script>");
            Assert.Empty(app.ComplaintsOf(page));
            await ReloadAsync(page);
        }
    }

    [Fact]
    public async Task Formulas_of_every_kind_are_formulas_from_their_first_character_on()
    {
        var page = await app.OpenAsync();
        // TeX must never be read as text, whatever half of a formula is there.
        await page.EvaluateAsync(
            """
            () => {
              window.looks = 0;
              window.seen = new Set();
              new MutationObserver(() => {
                for (const text of document.querySelectorAll('.answer > .answer-text')) {
                  window.looks++;
                  const prose = text.cloneNode(true);
                  for (const raw of prose.querySelectorAll('.math.raw')) window.seen.add(`raw: ${raw.textContent}`);
                  for (const math of prose.querySelectorAll('.math')) math.remove();
                  for (const tex of prose.textContent.match(/\\[(\[a-z].{0,20}/g) ?? []) window.seen.add(`text: ${tex}`);
                }
              }).observe(document.querySelector('main'), { childList: true, subtree: true });
            }
            """);

        await AskAsync(page);
        await EndAsync(page);

        Assert.Empty(await page.EvaluateAsync<string[]>("() => [...window.seen]"));
        Assert.InRange(await page.EvaluateAsync<int>("() => window.looks"), 10, int.MaxValue);
        await Expect(page.Locator(".answer .math:not(:has(.katex))")).ToHaveCountAsync(0);
        // \( \), \[ \], $ and $$: two chapters of each.
        await Expect(page.Locator(".answer > .answer-text li .math.display")).ToHaveCountAsync(2 * 6);
        await Expect(page.Locator(".answer > .answer-text > p .math.display")).ToHaveCountAsync(2);
        await Expect(page.Locator(".answer > .answer-text .math[data-tex^='0 < x']").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_is_in_the_page_stays_while_more_comes_and_the_end_is_what_is_stored()
    {
        var page = await app.OpenAsync();
        await AskAsync(page);
        await page.Locator(".answer > .answer-text li .katex").First.WaitForAsync();
        await page.EvaluateAsync("() => { window.kept = [...document.querySelectorAll('.answer > .answer-text > p')].slice(0, 2).concat(document.querySelector('.answer > .answer-text li .katex')); }");

        await EndAsync(page);

        Assert.Equal(3, await page.EvaluateAsync<int>("() => window.kept.filter(node => node.isConnected).length"));
        await AssertIsStoredAsync(page);
    }

    [Fact]
    public async Task A_browser_that_loses_its_connection_comes_back_to_the_live_answer_and_lacks_nothing()
    {
        await using var line = new CuttableLine(new Uri(app.Address));
        var page = await app.OpenAsync(through: line.Url);
        await page.EvaluateAsync("() => { window.same = true; }");
        await AskAsync(page);
        await page.Locator(".answer > .answer-text p").First.WaitForAsync();

        // A cut that is over at once, and one that lasts until it is seen.
        line.Cut();
        await WordsAsync(page, (await WordsAsync(page, 1)).Length + 200);
        await page.Context.SetOfflineAsync(true);
        line.Cut();
        await Expect(page.Locator("#components-reconnect-modal")).ToBeVisibleAsync();
        await page.Context.SetOfflineAsync(false);
        await Expect(page.Locator("#components-reconnect-modal")).ToBeHiddenAsync();
        await EndAsync(page);

        // It is the page that was there before, not one that was loaded anew.
        Assert.True(await page.EvaluateAsync<bool>("() => window.same"));
        await AssertIsStoredAsync(page);
    }

    [Fact]
    public async Task A_long_answer_is_no_wider_than_a_phone()
    {
        var page = await app.OpenAsync(width: 390, height: 844);
        await AskAsync(page);
        await EndAsync(page);

        Assert.Equal(390, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    private static async Task AssertIsStoredAsync(IPage page)
    {
        var streamed = await SettledAsync();
        await ReloadAsync(page);
        Assert.Equal((await SettledAsync()).Split('\n'), streamed.Split('\n'));

        // The last words may have been on their way when the connection went, and formulas are typeset a few at a time.
        async Task<string> SettledAsync()
        {
            await page.WaitForFunctionAsync(
                """
                () => document.querySelector('.answer > .answer-text')?.lastElementChild?.textContent.startsWith('And so')
                  && !document.querySelector('.answer .math:is(.growing, :not(.done))')
                """);
            return await page.EvaluateAsync<string>(Shape);
        }
    }
}
