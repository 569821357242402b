using System.Net;
using System.Text.RegularExpressions;
using EduVision.Shared;
using EduVision.Web.Questions;

namespace EduVision.Web.Tests;

public sealed class PagesTests
{
    [Fact]
    public async Task A_health_check_needs_no_page()
    {
        await using var app = await WebApp.StartAsync();

        Assert.Equal("alive", await app.Factory.CreateClient().GetStringAsync(new Uri("/healthz", UriKind.Relative), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/history")]
    [InlineData("/status")]
    [InlineData("/settings")]
    public async Task Every_page_comes_with_a_policy_and_asks_nobody_else_for_anything(string address)
    {
        await using var app = await WebApp.StartAsync();

        using var response = await app.Factory.CreateClient().GetAsync(address, TestContext.Current.CancellationToken);
        var page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", page);
        Assert.DoesNotMatch("<script(?![^>]*src=)[^>]*>", Regex.Replace(page, "<script type=\"application/json\"", "<data"));
        Assert.Single(Regex.Matches(page, "<h1"));
    }

    [Fact]
    public async Task An_address_where_nothing_is_says_so_with_a_way_on()
    {
        await using var app = await WebApp.StartAsync();
        var client = await app.ClientAsync();
        client.DefaultRequestHeaders.Add("Accept", "text/html,*/*;q=0.8");

        using var response = await client.GetAsync("/nowhere", TestContext.Current.CancellationToken);
        var page = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("nothing at this address", page, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(page, "<h1"));
    }

    [Fact]
    public async Task A_question_that_is_not_there_says_so()
    {
        await using var app = await WebApp.StartAsync();

        var page = await (await app.ClientAsync()).GetStringAsync($"/questions/{Guid.NewGuid()}", TestContext.Current.CancellationToken);

        Assert.Contains("does not exist", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_is_exported_as_Markdown_with_or_without_its_reasoning()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = request =>
        {
            request.Reason("first\nthen");
            request.Answer("It is $42$.");
            request.End();
        };
        var id = await app.Book.AskAsync(QuestionTask.Ask, "en", "What is it?", []);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);
        var client = await app.ClientAsync();

        using var response = await client.GetAsync($"/questions/{id}/export", TestContext.Current.CancellationToken);
        var plain = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var whole = await client.GetStringAsync($"/questions/{id}/export?reasoning=true", TestContext.Current.CancellationToken);

        Assert.EndsWith(".md", response.Content.Headers.ContentDisposition?.FileNameStar, StringComparison.Ordinal);
        Assert.Contains("What is it?", plain, StringComparison.Ordinal);
        Assert.Contains("It is $42$.", plain, StringComparison.Ordinal);
        Assert.DoesNotContain("first", plain, StringComparison.Ordinal);
        Assert.Contains("> first\n> then\n", whole, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_answer_is_in_the_page_before_any_script_runs()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = request =>
        {
            request.Answer("**bold** and <b>not</b>");
            request.End();
        };
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);

        var page = await (await app.ClientAsync()).GetStringAsync($"/questions/{id}", TestContext.Current.CancellationToken);

        Assert.Contains("<strong>bold</strong> and &lt;b&gt;not", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Colours_come_right_with_the_first_byte()
    {
        await using var app = await WebApp.StartAsync();
        var client = app.Factory.CreateClient();
        client.DefaultRequestHeaders.Add("Cookie", "colours=dark");

        Assert.Contains("class=\"dark\"", await client.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
