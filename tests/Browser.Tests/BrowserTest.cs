using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace EduVision.Browser.Tests;

/// <summary>A test in a browser: what nearly all of them do, and pages closed at its end.</summary>
/// <param name="app">The application.</param>
public abstract partial class BrowserTest(RunningApp app) : IAsyncDisposable
{
    // Reasoning and answer together: random weights may end the reasoning at any time, or never. Not innerText, which leaves
    // out what is not laid out.
    private const string Words = "[...document.querySelectorAll('.answer .answer-text')].map(e => e.textContent).join('')";

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await app.CloseAsync();
    }

    /// <summary>Asks about a sample photo and waits until the question has its page.</summary>
    /// <param name="page">A new question's page.</param>
    /// <param name="photo">Name of the sample.</param>
    private protected static async Task AskAsync(IPage page, string photo = "equation")
    {
        await page.Locator(".file-input").First.SetInputFilesAsync(Places.Sample(photo));
        await page.Locator(".send button").ClickAsync();
        await Expect(page).ToHaveURLAsync(QuestionAddress());
    }

    // Formulas come in over some frames; white space behind a block is no part of what it says.
    private protected static async Task<string> TypesetAsync(IPage page)
    {
        await page.WaitForFunctionAsync($"() => ({Words}).length >= 40 && !document.querySelector('.answer .math:not(.done)')");
        return await page.EvaluateAsync<string>($"({Words}).replace(/\\s/g, '')");
    }

    /// <summary>Waits until so much is in the page.</summary>
    /// <returns>The text of reasoning and answer.</returns>
    private protected static async Task<string> WordsAsync(IPage page, int length)
    {
        await page.WaitForFunctionAsync($"length => ({Words}).length >= length", length);
        return await page.EvaluateAsync<string>(Words);
    }

    /// <summary>Stops the answer and waits for its end.</summary>
    private protected static async Task StopAsync(IPage page)
    {
        await page.Locator(".stop").ClickAsync();
        await EndAsync(page);
    }

    /// <summary>Waits for the answer's end.</summary>
    private protected static Task EndAsync(IPage page) => Expect(page.Locator(".answer-actions")).ToBeVisibleAsync();

    /// <summary>Loads the page anew and waits until it is alive.</summary>
    private protected static async Task ReloadAsync(IPage page)
    {
        await page.ReloadAsync();
        await RunningApp.LiveAsync(page);
    }

    /// <summary>The address of a question.</summary>
    [GeneratedRegex("/questions/")]
    private protected static partial Regex QuestionAddress();
}
