using Bunit;
using EduVision.Shared;
using EduVision.Web.History;
using EduVision.Web.Questions;
using EduVision.Web.Status;
using Microsoft.Extensions.DependencyInjection;
using TestContext = Xunit.TestContext;

namespace EduVision.Web.Tests.Components;

/// <summary>Finding again, and watching the service.</summary>
public sealed class HistoryAndStatusTests : ComponentTest
{
    [Fact]
    public async Task The_history_renames_deletes_and_undoes()
    {
        App.Fake.OnAsk = Quick;
        var id = await App.Book.AskAsync(QuestionTask.Solve, "en", "my words", []);
        await App.WhenAsync(id, a => a.State == AnswerState.Done);
        var history = Page.Render<HistoryPage>();
        history.WaitForAssertion(() => Assert.Contains("my words", history.Markup, StringComparison.Ordinal), Patience);

        var renaming = history.Find("button[aria-label='Rename: my words']").ClickAsync(new());
        Page.Dialogs.WaitForAssertion(() => Assert.NotEmpty(Page.Dialogs.FindAll("input")), Patience);
        await Page.Dialogs.Find("input").InputAsync(new() { Value = "Better" });
        // Whatever renders around the dialog sets its parameters anew: what was typed has to survive that.
        Page.Dialogs.FindComponent<RenameDialog>().Render(parameters => parameters.Add(dialog => dialog.Title, "my words"));
        Assert.Equal("Better", Page.Dialogs.Find("input").GetAttribute("value"));
        await Page.Dialogs.FindAll("button")[^1].ClickAsync(new());
        await renaming;
        history.WaitForAssertion(() => Assert.Contains("Better", history.Markup, StringComparison.Ordinal), Patience);

        await history.Find("button[aria-label='Delete: Better']").ClickAsync(new());
        history.WaitForAssertion(() => Assert.Empty(history.FindAll(".entry")), Patience);

        Page.Snackbars.WaitForAssertion(() => Assert.Contains("Deleted", Page.Snackbars.Markup, StringComparison.Ordinal), Patience);
        await Page.Snackbars.Find(".mud-snackbar-action-button").ClickAsync(new());
        history.WaitForAssertion(() => Assert.Single(history.FindAll(".entry")), Patience);
    }

    [Fact]
    public async Task The_status_page_says_what_the_service_says()
    {
        var monitor = App.Services.GetRequiredService<ServiceMonitor>();
        App.Fake.Status = App.Fake.Status with { Waiting = 5, Running = 2, EtaSeconds = 65, TokensPerSecond = 12.25 };
        await monitor.LookAsync(TestContext.Current.CancellationToken);

        var status = Page.Render<StatusPage>();

        var facts = status.Find(".facts").TextContent;
        Assert.All(new[] { "Fake-VL", "CPU (2 threads)", "5 of at most 64", "1 min 5 s", "0 of 512 blocks" }, word => Assert.Contains(word, facts, StringComparison.Ordinal));
        Assert.Equal(2, status.FindAll(".chart").Count);
        await monitor.LookAsync(TestContext.Current.CancellationToken);
        status.WaitForAssertion(() => Assert.Equal(3, status.FindAll(".plot polyline").Count), Patience);
        Assert.Contains("Speed: 12.3 now", status.Find(".chart").GetAttribute("aria-label"), StringComparison.Ordinal);
        Assert.Contains("Waiting: 5 now", status.FindAll(".chart")[1].GetAttribute("aria-label"), StringComparison.Ordinal);

        Assert.DoesNotContain("Graphics memory", facts, StringComparison.Ordinal);
        App.Fake.Status = App.Fake.Status with { Memory = new MemoryStatus(24L << 30, 23L << 30, 20L << 30, (45L << 30) / 2) };
        await monitor.LookAsync(TestContext.Current.CancellationToken);
        status.WaitForAssertion(() => Assert.Contains("20.0 GiB, at most 22.5 of 24.0 GiB", status.Find(".facts").TextContent, StringComparison.Ordinal), Patience);

        await App.Fake.DieAsync();
        await monitor.LookAsync(TestContext.Current.CancellationToken);
        status.WaitForAssertion(() => Assert.NotNull(status.Find(".away")), Patience);
    }
}
