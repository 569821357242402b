using System.Globalization;
using Bunit;
using EduVision.Shared;
using EduVision.Web.Answers;
using EduVision.Web.History;
using EduVision.Web.Questions;
using EduVision.Web.Settings;
using EduVision.Web.Status;
using EduVision.Web.Tests.Fakes;
using EduVision.Web.Tests.Uploads;
using EduVision.Web.Uploads;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using TestContext = Xunit.TestContext;

namespace EduVision.Web.Tests.Components;

public sealed class ComponentTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly CultureInfo before = CultureInfo.CurrentUICulture;
    private WebApp app = default!;
    private PageContext page = default!;

    public async ValueTask InitializeAsync()
    {
        CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo("en");
        app = await WebApp.StartAsync();
        page = new PageContext(app);
    }

    public async ValueTask DisposeAsync()
    {
        CultureInfo.CurrentUICulture = before;
        await page.DisposeAsync();
        await app.DisposeAsync();
    }

    [Fact]
    public async Task A_question_cannot_be_sent_without_a_photo_and_goes_to_its_page_when_sent()
    {
        var form = page.Render<NewQuestion>();
        Assert.True(form.Find(".send button").HasAttribute("disabled"));

        await form.Find(".sample").ClickAsync(new());
        form.WaitForAssertion(() => Assert.False(form.Find(".send button").HasAttribute("disabled")), Patience);
        await form.Find(".send button").ClickAsync(new());

        var address = page.Services.GetRequiredService<NavigationManager>().Uri;
        Assert.Contains("/questions/", address, StringComparison.Ordinal);
        Assert.NotNull(await app.Book.LoadAsync(Guid.Parse(address[^36..])));
    }

    [Fact]
    public async Task Samples_are_open_on_a_first_visit_and_stay_within_reach()
    {
        var first = page.Render<NewQuestion>();
        first.WaitForAssertion(() => Assert.True(first.Find("details.samples").HasAttribute("open")), Patience);
        await first.FindAll(".sample")[0].ClickAsync(new());
        first.WaitForAssertion(() => Assert.False(first.Find("details.samples").HasAttribute("open")), Patience);
        await first.Find(".send button").ClickAsync(new());

        var second = page.Render<NewQuestion>();
        Assert.False(second.Find("details.samples").HasAttribute("open"));
        await second.FindAll(".sample")[2].ClickAsync(new());
        await second.FindAll(".sample")[2].ClickAsync(new());
        second.WaitForAssertion(() => Assert.Equal(2, second.FindAll(".tray li").Count), Patience);
        Assert.True(second.Find("input[value=Transcribe]").HasAttribute("checked"));
    }

    [Fact]
    public async Task Ask_wants_words()
    {
        var form = page.Render<NewQuestion>();
        await form.Find(".sample").ClickAsync(new());
        await form.Find("input[value=Ask]").ChangeAsync(new() { Value = "Ask" });

        Assert.True(form.Find(".send button").HasAttribute("disabled"));
        Assert.Contains("Write your question", form.Find("#send-note").TextContent, StringComparison.Ordinal);

        await form.Find("textarea").InputAsync(new() { Value = "Why?" });
        Assert.False(form.Find(".send button").HasAttribute("disabled"));
    }

    [Fact]
    public void Everything_that_can_be_used_has_a_name()
    {
        var form = page.Render<NewQuestion>();

        Assert.All(form.FindAll("button"), button => Assert.NotEqual("", (button.GetAttribute("aria-label") ?? "") + button.TextContent.Trim()));
        Assert.All(form.FindAll("img"), image => Assert.True(image.HasAttribute("alt")));
        Assert.All(form.FindAll("textarea"), area => Assert.NotNull(form.Find($"label[for={area.Id}]")));
        Assert.All(form.FindAll("input"), input => Assert.NotNull(input.Closest("label")));
    }

    [Fact]
    public async Task Photos_on_the_tray_show_progress_refusals_and_can_be_taken_away()
    {
        var tray = new PhotoTray(page.Services.GetRequiredService<PhotoStore>(), 2);
        var picker = page.Render<PhotoPicker>(p => p.Add(c => c.Tray, tray));

        picker.Instance.Added("a", "first.jpg", null);
        picker.Instance.Progress("a", 0.4);
        picker.WaitForAssertion(() => Assert.Equal("40", picker.Find("[role=progressbar]").GetAttribute("aria-valuenow")), Patience);
        Assert.True(tray.IsBusy);

        picker.Instance.Refused("a", "upload_wrong_kind", null);
        picker.WaitForAssertion(() => Assert.Contains("not an image", picker.Find("[role=alert]").TextContent, StringComparison.Ordinal), Patience);
        Assert.False(tray.IsBusy);

        await picker.Find("button[aria-label='Remove photo 1']").ClickAsync(new());
        Assert.Empty(tray.Photos);
    }

    [Fact]
    public async Task A_photo_is_turned_where_it_lies()
    {
        var tray = new PhotoTray(page.Services.GetRequiredService<PhotoStore>(), 2);
        var stored = await PhotoAsync();
        tray.Add(new TrayPhoto { Key = "a", Name = "a", Stored = stored });
        var picker = page.Render<PhotoPicker>(p => p.Add(c => c.Tray, tray));

        await picker.Find("button[aria-label='Rotate photo 1 clockwise']").ClickAsync(new());

        picker.WaitForAssertion(() => Assert.NotEqual(stored.Thumbnail, picker.Find("img").GetAttribute("src")), Patience);
        Assert.Equal((stored.Height, stored.Width), (tray.Stored[0].Width, tray.Stored[0].Height));
    }

    [Fact]
    public void More_photos_than_fit_are_left_out_and_said()
    {
        var tray = new PhotoTray(page.Services.GetRequiredService<PhotoStore>(), 2);
        string? said = null;
        var picker = page.Render<PhotoPicker>(p => p.Add(c => c.Tray, tray).Add(c => c.TooMany, sentence => said = sentence));

        Assert.Equal(2, picker.Instance.Room(5));
        Assert.Contains("At most", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_browser_says_was_stored_is_looked_up()
    {
        var tray = new PhotoTray(page.Services.GetRequiredService<PhotoStore>(), 2);
        var picker = page.Render<PhotoPicker>(p => p.Add(c => c.Tray, tray));
        picker.Instance.Added("a", "a.jpg", null);

        picker.Instance.Done("a", new StoredPhoto(new string('0', 64), 1, 1));
        Assert.Empty(tray.Stored);

        picker.Instance.Done("a", await PhotoAsync());
        Assert.Single(tray.Stored);
    }

    [Fact]
    public async Task A_live_answer_shows_its_place_its_reasoning_and_its_end()
    {
        var (id, request) = await AskAsync();
        request.Write(n => new Queued(n, 3, 12));
        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.Contains("Number 3 in the queue, about 12 s", view.Markup, StringComparison.Ordinal), Patience);
        Assert.Equal("true", view.Find("article").GetAttribute("aria-busy"));

        request.Begin();
        request.Reason("thinking");
        view.WaitForAssertion(() => Assert.Equal("true", view.Find(".fold").GetAttribute("aria-expanded")), Patience);
        Assert.StartsWith("Reasoning", view.Find(".fold").TextContent.Trim(), StringComparison.Ordinal);

        request.Answer("so");
        view.WaitForAssertion(() => Assert.Equal("false", view.Find(".fold").GetAttribute("aria-expanded")), Patience);

        request.End();
        view.WaitForAssertion(() => Assert.NotNull(view.Find("textarea#follow-up-text")), Patience);
        Assert.Empty(view.FindAll(".progress"));
    }

    [Fact]
    public async Task Token_text_is_in_no_live_region()
    {
        var (id, request) = await AskAsync();
        request.Begin();
        request.Answer("words");
        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.NotEmpty(view.FindAll(".answer-text")), Patience);

        var live = view.FindAll("[aria-live], [role=status], [role=alert], [role=log]");
        Assert.NotEmpty(live);
        Assert.All(view.FindAll(".answer-text"), text => Assert.DoesNotContain(live, region => region.Contains(text)));
        request.End();
    }

    [Fact]
    public async Task Reasoning_stays_open_for_who_wants_that()
    {
        page.Services.GetRequiredService<PersonalSettings>().Start(new Preferences(ColourScheme.System, false, KeepReasoningOpen: true));
        var (id, request) = await AskAsync();
        request.Reason("thinking");
        request.Answer("done");
        request.End();
        await app.WhenAsync(id, a => a.State == AnswerState.Done);

        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));

        view.WaitForAssertion(() => Assert.Equal("true", view.Find(".fold").GetAttribute("aria-expanded")), Patience);
        await view.Find(".fold").ClickAsync(new());
        Assert.Equal("false", view.Find(".fold").GetAttribute("aria-expanded"));
    }

    [Fact]
    public async Task A_failure_is_a_plain_sentence_with_a_way_on()
    {
        app.Fake.Refuse = _ => new Failed(0, FailureCode.QueueFull, "full", new Dictionary<string, string> { ["limit"] = "64" });
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        await app.WhenAsync(id, a => a.State == AnswerState.Failed);
        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.Contains("The queue is full (64 at most)", view.Find("[role=alert]").TextContent, StringComparison.Ordinal), Patience);

        app.Fake.Refuse = null;
        app.Fake.OnAsk = Quick;
        await view.Find("[role=alert] button").ClickAsync(new());

        view.WaitForAssertion(() => Assert.Contains("2 / 2", view.Markup, StringComparison.Ordinal), Patience);
        Assert.Equal("42", (await app.WhenAsync(id, a => a.State == AnswerState.Done)).Text);
    }

    [Fact]
    public async Task An_interruption_is_told()
    {
        var (id, request) = await AskAsync();
        request.Reason("half");
        await app.WhenAsync(id, a => a.Reasoning == "half");
        await app.Fake.DieAsync();
        app.Fake.OnAsk = Quick;
        await app.Fake.StartAsync();
        await app.WhenAsync(id, a => a.State == AnswerState.Done);

        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));

        view.WaitForAssertion(() => Assert.Contains("asked again by itself", view.Markup, StringComparison.Ordinal), Patience);
    }

    [Fact]
    public async Task Numbers_are_shown_on_demand()
    {
        app.Fake.OnAsk = Quick;
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        await app.Services.GetRequiredService<ServiceMonitor>().LookAsync(TestContext.Current.CancellationToken);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);
        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.NotEmpty(view.FindAll(".details-toggle")), Patience);
        Assert.Empty(view.FindAll("dl"));

        await view.Find(".details-toggle").ClickAsync(new());

        Assert.Contains("300 tokens", view.Find("dl").TextContent, StringComparison.Ordinal);
        Assert.Contains("42.0 tokens/s", view.Find("dl").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_model_is_named_as_soon_as_a_live_answer_ends()
    {
        await app.Services.GetRequiredService<ServiceMonitor>().LookAsync(TestContext.Current.CancellationToken);
        var (id, request) = await AskAsync();
        request.Begin();
        request.Answer("42");
        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.NotEmpty(view.FindAll(".stop")), Patience);

        request.End();
        view.WaitForAssertion(() => Assert.NotEmpty(view.FindAll(".details-toggle")), Patience);
        await view.Find(".details-toggle").ClickAsync(new());

        view.WaitForAssertion(() => Assert.Contains("Fake-VL", view.Find("dl").TextContent, StringComparison.Ordinal), Patience);
    }

    [Theory]
    [InlineData("I can't read this.", true)]
    [InlineData("我看不清这张图片。", true)]
    [InlineData("I can't read this line, but the result is 4.", false)]
    public async Task A_refusal_is_shown_as_one_with_advice(string answer, bool refused)
    {
        app.Fake.OnAsk = request =>
        {
            request.Answer(answer);
            request.End();
        };
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);

        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));

        view.WaitForAssertion(() => Assert.NotEmpty(view.FindAll(".answer-text")), Patience);
        Assert.Equal(refused, view.FindAll(".refusal a[href='/']").Count == 1);
    }

    [Fact]
    public async Task Photos_are_looked_at_closely_one_after_the_other()
    {
        app.Fake.OnAsk = Quick;
        var photo = await PhotoAsync();
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", "only the last line", [photo, photo]);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);
        var view = page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.Equal(2, view.FindAll(".photos button").Count), Patience);
        Assert.Equal("only the last line", view.Find("h1").TextContent);
        Assert.Empty(view.FindAll(".words"));

        await view.FindAll(".photos button")[0].ClickAsync(new());
        Assert.Equal($"/uploads/{photo.Sha256}", view.Find("dialog img").GetAttribute("src"));
        await view.Find("dialog button[aria-label='Next photo']").ClickAsync(new());
        Assert.Contains("2 / 2", view.Find("dialog").TextContent, StringComparison.Ordinal);

        await view.InvokeAsync(view.FindComponent<PhotoViewer>().Instance.Closed);
        Assert.Empty(view.FindAll("dialog"));
    }

    [Fact]
    public async Task The_history_renames_deletes_and_undoes()
    {
        app.Fake.OnAsk = Quick;
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", "my words", []);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);
        var history = page.Render<HistoryPage>();
        history.WaitForAssertion(() => Assert.Contains("my words", history.Markup, StringComparison.Ordinal), Patience);

        var renaming = history.Find("button[aria-label='Rename: my words']").ClickAsync(new());
        page.Dialogs.WaitForAssertion(() => Assert.NotEmpty(page.Dialogs.FindAll("input")), Patience);
        await page.Dialogs.Find("input").InputAsync(new() { Value = "Better" });
        await page.Dialogs.FindAll("button")[^1].ClickAsync(new());
        await renaming;
        history.WaitForAssertion(() => Assert.Contains("Better", history.Markup, StringComparison.Ordinal), Patience);

        await history.Find("button[aria-label='Delete: Better']").ClickAsync(new());
        history.WaitForAssertion(() => Assert.Empty(history.FindAll(".entry")), Patience);

        page.Snackbars.WaitForAssertion(() => Assert.Contains("Deleted", page.Snackbars.Markup, StringComparison.Ordinal), Patience);
        await page.Snackbars.Find(".mud-snackbar-action-button").ClickAsync(new());
        history.WaitForAssertion(() => Assert.Single(history.FindAll(".entry")), Patience);
    }

    [Fact]
    public async Task The_status_page_says_what_the_service_says()
    {
        var monitor = app.Services.GetRequiredService<ServiceMonitor>();
        app.Fake.Status = app.Fake.Status with { Waiting = 5, Running = 2, EtaSeconds = 65, TokensPerSecond = 12.25 };
        await monitor.LookAsync(TestContext.Current.CancellationToken);

        var status = page.Render<StatusPage>();

        var facts = status.Find(".facts").TextContent;
        Assert.All(new[] { "Fake-VL", "CPU (2 threads)", "5 of at most 64", "1 min 5 s", "0 of 512 blocks" }, word => Assert.Contains(word, facts, StringComparison.Ordinal));
        Assert.Equal(2, status.FindAll(".chart").Count);
        await monitor.LookAsync(TestContext.Current.CancellationToken);
        status.WaitForAssertion(() => Assert.Equal(3, status.FindAll(".plot polyline").Count), Patience);
        Assert.Contains("Speed: 12.3 now", status.Find(".chart").GetAttribute("aria-label"), StringComparison.Ordinal);
        Assert.Contains("Waiting: 5 now", status.FindAll(".chart")[1].GetAttribute("aria-label"), StringComparison.Ordinal);

        await app.Fake.DieAsync();
        await monitor.LookAsync(TestContext.Current.CancellationToken);
        status.WaitForAssertion(() => Assert.NotNull(status.Find(".away")), Patience);
    }

    private static void Quick(FakeRequest request)
    {
        request.Begin();
        request.Answer("42");
        request.End();
    }

    private async Task<StoredPhoto> PhotoAsync() =>
        await page.Services.GetRequiredService<PhotoStore>().TakeAsync(new MemoryStream(Pictures.Jpeg()), TestContext.Current.CancellationToken);

    private async Task<(Guid Id, FakeRequest Request)> AskAsync()
    {
        var asked = new TaskCompletionSource<FakeRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Fake.OnAsk = asked.SetResult;
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        return (id, await asked.Task.WaitAsync(Patience));
    }
}
