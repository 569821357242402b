using Bunit;
using EduVision.Shared;
using EduVision.Web.Answers;
using EduVision.Web.Questions;
using EduVision.Web.Settings;
using EduVision.Web.Status;
using Microsoft.Extensions.DependencyInjection;
using TestContext = Xunit.TestContext;

namespace EduVision.Web.Tests.Components;

/// <summary>A question with its answers, live and stored.</summary>
public sealed class QuestionPageTests : ComponentTest
{
    [Fact]
    public async Task A_live_answer_shows_its_place_its_reasoning_and_its_end()
    {
        var (id, request) = await AskAsync();
        request.Write(n => new Queued(n, 3, 12));
        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
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
        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.NotEmpty(view.FindAll(".answer-text")), Patience);

        var live = view.FindAll("[aria-live], [role=status], [role=alert], [role=log]");
        Assert.NotEmpty(live);
        Assert.All(view.FindAll(".answer-text"), text => Assert.DoesNotContain(live, region => region.Contains(text)));
        request.End();
    }

    [Fact]
    public async Task Reasoning_stays_open_for_who_wants_that()
    {
        Page.Services.GetRequiredService<PersonalSettings>().Start(new Preferences(ColourScheme.System, false, KeepReasoningOpen: true));
        var (id, request) = await AskAsync();
        request.Reason("thinking");
        request.Answer("done");
        request.End();
        await App.WhenAsync(id, a => a.State == AnswerState.Done);

        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));

        view.WaitForAssertion(() => Assert.Equal("true", view.Find(".fold").GetAttribute("aria-expanded")), Patience);
        await view.Find(".fold").ClickAsync(new());
        Assert.Equal("false", view.Find(".fold").GetAttribute("aria-expanded"));
    }

    [Fact]
    public async Task A_failure_is_a_plain_sentence_with_a_way_on()
    {
        App.Fake.Refuse = _ => new Failed(0, FailureCode.QueueFull, "full", new Dictionary<string, string> { ["limit"] = "64" });
        var id = await App.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        await App.WhenAsync(id, a => a.State == AnswerState.Failed);
        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.Contains("The queue is full (64 at most)", view.Find("[role=alert]").TextContent, StringComparison.Ordinal), Patience);

        App.Fake.Refuse = null;
        App.Fake.OnAsk = Quick;
        await view.Find("[role=alert] button").ClickAsync(new());

        view.WaitForAssertion(() => Assert.Contains("2 / 2", view.Markup, StringComparison.Ordinal), Patience);
        Assert.Equal("42", (await App.WhenAsync(id, a => a.State == AnswerState.Done)).Text);
    }

    [Fact]
    public async Task An_interruption_is_told()
    {
        var (id, request) = await AskAsync();
        request.Reason("half");
        await App.WhenAsync(id, a => a.Reasoning == "half");
        await App.Fake.DieAsync();
        App.Fake.OnAsk = Quick;
        await App.Fake.StartAsync();
        await App.WhenAsync(id, a => a.State == AnswerState.Done);

        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));

        view.WaitForAssertion(() => Assert.Contains("asked again by itself", view.Markup, StringComparison.Ordinal), Patience);
    }

    [Fact]
    public async Task Numbers_are_shown_on_demand()
    {
        App.Fake.OnAsk = Quick;
        var id = await App.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        await App.Services.GetRequiredService<ServiceMonitor>().LookAsync(TestContext.Current.CancellationToken);
        await App.WhenAsync(id, a => a.State == AnswerState.Done);
        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
        view.WaitForAssertion(() => Assert.NotEmpty(view.FindAll(".details-toggle")), Patience);
        Assert.Empty(view.FindAll("dl"));

        await view.Find(".details-toggle").ClickAsync(new());

        Assert.Contains("300 tokens", view.Find("dl").TextContent, StringComparison.Ordinal);
        Assert.Contains("42.0 tokens/s", view.Find("dl").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_model_is_named_as_soon_as_a_live_answer_ends()
    {
        await App.Services.GetRequiredService<ServiceMonitor>().LookAsync(TestContext.Current.CancellationToken);
        var (id, request) = await AskAsync();
        request.Begin();
        request.Answer("42");
        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
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
        App.Fake.OnAsk = request =>
        {
            request.Answer(answer);
            request.End();
        };
        var id = await App.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        await App.WhenAsync(id, a => a.State == AnswerState.Done);

        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));

        view.WaitForAssertion(() => Assert.NotEmpty(view.FindAll(".answer-text")), Patience);
        Assert.Equal(refused, view.FindAll(".refusal a[href='/']").Count == 1);
    }

    [Fact]
    public async Task Photos_are_looked_at_closely_one_after_the_other()
    {
        App.Fake.OnAsk = Quick;
        var photo = await PhotoAsync();
        var id = await App.Book.AskAsync(QuestionTask.Solve, "en", "only the last line", [photo, photo]);
        await App.WhenAsync(id, a => a.State == AnswerState.Done);
        var view = Page.Render<QuestionPage>(p => p.Add(c => c.Id, id));
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
}
