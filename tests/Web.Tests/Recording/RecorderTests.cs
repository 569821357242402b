using EduVision.Shared;
using EduVision.Web.Questions;
using EduVision.Web.Tests.Fakes;
using EduVision.Web.Tests.Uploads;
using EduVision.Web.Uploads;
using Microsoft.Extensions.DependencyInjection;

namespace EduVision.Web.Tests.Recording;

public sealed class RecorderTests
{
    [Fact]
    public async Task An_answer_is_received_and_kept_with_its_numbers()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = request =>
        {
            request.Begin();
            request.Reason("37 + 5 is 42. ");
            request.Reason("42 / 6 is 7.");
            request.Answer("**28**");
            request.End();
        };

        var id = await AskAsync(app);
        var answer = await app.WhenAsync(id, a => a.State == AnswerState.Done);

        Assert.Equal("37 + 5 is 42. 42 / 6 is 7.", answer.Reasoning);
        Assert.Equal("**28**", answer.Text);
        Assert.Equal(6, answer.Sequence);
        Assert.Equal(FinishReason.Stop, answer.FinishReason);
        Assert.Equal(300, answer.Usage!.PromptTokens);
        Assert.Equal(42, answer.Timings!.TokensPerSecond);
        Assert.NotNull(answer.FirstToken);
        Assert.NotNull(answer.ReasoningEnded);
    }

    [Fact]
    public async Task The_request_says_what_the_person_asked_and_its_photo_is_sent_once()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = Quick;
        var photo = await PhotoAsync(app);

        await app.WhenAsync(await app.Book.AskAsync(QuestionTask.Solve, "zh", " 只要结果 ", [photo]), a => a.State == AnswerState.Done);
        await app.WhenAsync(await app.Book.AskAsync(QuestionTask.Transcribe, "en", "", [photo]), a => a.State == AnswerState.Done);

        var requests = app.Fake.Asked.Select(r => r.Request).ToList();
        Assert.Equal((QuestionTask.Solve, "zh", "只要结果"), (requests[0].Task, requests[0].Language, requests[0].Turns[^1].Text));
        Assert.Equal(QuestionTask.Transcribe, requests[1].Task);
        Assert.Equal([photo.Sha256], requests[0].Turns[^1].Images);
        Assert.Equal([photo.Sha256], app.Fake.Images);
    }

    [Fact]
    public async Task A_follow_up_carries_the_earlier_answer_without_its_reasoning()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = request =>
        {
            request.Reason("secret thoughts");
            request.Answer("first answer");
            request.End();
        };
        var id = await AskAsync(app);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);

        await app.Book.FollowUpAsync(id, "why?", []);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);

        var request = app.Fake.Asked.Last().Request;
        Assert.Equal(QuestionTask.Ask, request.Task);
        Assert.Equal([TurnRole.User, TurnRole.Assistant, TurnRole.User], request.Turns.Select(t => t.Role));
        Assert.Equal(["question", "first answer", "why?"], request.Turns.Select(t => t.Text));
        Assert.Single(request.Turns[0].Images);
    }

    [Fact]
    public async Task A_regenerated_answer_stands_beside_the_earlier_one()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = Quick;
        var id = await AskAsync(app);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);
        var exchange = (await app.Book.LoadAsync(id))!.Exchanges.Single();

        await app.Book.RegenerateAsync(id, exchange.Id);
        await app.WhenAsync(id, a => a is { Attempt: 2, State: AnswerState.Done });

        Assert.Equal(2, (await app.Book.LoadAsync(id))!.Exchanges.Single().Answers.Count);
        Assert.Equal(2, app.Fake.Asked.Select(r => r.Request.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_dropped_connection_loses_and_repeats_nothing()
    {
        await using var app = await WebApp.StartAsync();
        var id = await AskAsync(app);
        var request = await AskedAsync(app.Fake);
        request.Begin();
        request.Reason("one ");
        var answerId = (await app.Book.LoadAsync(id))!.Exchanges[0].Answers[0].Id;
        await app.WhenLiveAsync(answerId, u => u.Reasoning == "one ");

        app.Fake.Drop();
        request.Reason("two ");
        request.Answer("three");
        request.End();

        var answer = await app.WhenAsync(id, a => a.State == AnswerState.Done);
        Assert.Equal(("one two ", "three"), (answer.Reasoning, answer.Text));
        Assert.Equal(0, answer.AskedAgain);
        Assert.Single(app.Fake.Asked);
    }

    [Fact]
    public async Task A_restart_of_web_goes_on_where_it_was()
    {
        await using var fake = new FakeInference();
        await fake.StartAsync();
        var data = Directory.CreateTempSubdirectory("eduvision-web-").FullName;
        var first = await WebApp.StartAsync(fake, data);
        var id = await AskAsync(first);
        var request = await AskedAsync(fake);
        request.Begin();
        request.Reason("before ");
        await first.WhenAsync(id, a => a.Reasoning == "before ");
        await first.StopAsync();

        request.Reason("meanwhile ");
        await using var second = await WebApp.StartAsync(fake, data);
        request.Answer("after");
        request.End();

        var answer = await second.WhenAsync(id, a => a.State == AnswerState.Done);
        Assert.Equal(("before meanwhile ", "after"), (answer.Reasoning, answer.Text));
        Assert.Equal(0, answer.AskedAgain);
        Assert.Single(fake.Asked);
    }

    [Fact]
    public async Task A_restart_of_both_is_asked_again_and_says_so_even_if_nothing_was_written_yet()
    {
        await using var fake = new FakeInference();
        await fake.StartAsync();
        var data = Directory.CreateTempSubdirectory("eduvision-web-").FullName;
        var first = await WebApp.StartAsync(fake, data);
        var id = await AskAsync(first);
        await AskedAsync(fake);
        await first.StopAsync();
        await fake.DieAsync();

        fake.OnAsk = Quick;
        await fake.StartAsync();
        await using var second = await WebApp.StartAsync(fake, data);

        var answer = await second.WhenAsync(id, a => a.State == AnswerState.Done);
        Assert.Equal((1, "42"), (answer.AskedAgain, answer.Text));
    }

    [Fact]
    public async Task A_restart_of_the_service_is_asked_again_once_and_says_so()
    {
        await using var app = await WebApp.StartAsync();
        var id = await AskAsync(app);
        var lost = await AskedAsync(app.Fake);
        lost.Begin();
        lost.Reason("half a thou");
        await app.WhenAsync(id, a => a.Reasoning == "half a thou");

        await app.Fake.DieAsync();
        app.Fake.OnAsk = Quick;
        await app.Fake.StartAsync();

        var answer = await app.WhenAsync(id, a => a.State == AnswerState.Done);
        Assert.Equal((1, "", "42"), (answer.AskedAgain, answer.Reasoning, answer.Text));
        Assert.Equal(2, app.Fake.Asked.Count);
        Assert.NotEqual(lost.Request.Id, app.Fake.Asked.Last().Request.Id);
    }

    [Fact]
    public async Task An_answer_that_was_computed_when_the_graphics_card_failed_is_asked_again_once()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = request =>
        {
            request.Begin();
            request.Reason($"life {app.Fake.Asked.Count}");
            request.Write(number => new Failed(number, FailureCode.DeviceLost, "The device met a fault."));
        };
        var answer = await app.WhenAsync(await AskAsync(app), a => a.State == AnswerState.Failed);
        Assert.Equal((FailureCode.DeviceLost, 1, "life 2"), (answer.FailureCode, answer.AskedAgain, answer.Reasoning));
        Assert.Equal(2, app.Fake.Asked.Count);
    }

    [Fact]
    public async Task An_answer_that_only_waited_when_the_service_gave_up_waits_again_as_often_as_that_happens()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = request =>
        {
            request.Write(number => new Queued(number, 3, 20));
            if (app.Fake.Asked.Count > 3) Quick(request);
            else request.Write(number => new Failed(number, FailureCode.ShuttingDown, "The service was shut down."));
        };
        var answer = await app.WhenAsync(await AskAsync(app), a => a.State == AnswerState.Done);
        Assert.Equal((0, "42", 4), (answer.AskedAgain, answer.Text, app.Fake.Asked.Count));
        Assert.Equal(4, app.Fake.Asked.Select(request => request.Request.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_second_restart_is_not_asked_again()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.OnAsk = request => request.Reason($"life {app.Fake.Asked.Count}");
        var id = await AskAsync(app);
        await app.WhenAsync(id, a => a.Reasoning == "life 1");
        await app.Fake.DieAsync();
        await app.Fake.StartAsync();
        await app.WhenAsync(id, a => a.Reasoning == "life 2");
        await app.Fake.DieAsync();
        await app.Fake.StartAsync();

        var answer = await app.WhenAsync(id, a => a.State == AnswerState.Failed);
        Assert.Equal(StoredAnswer.InterruptedCode, answer.FailureCode);
        Assert.Equal("life 2", answer.Reasoning);
    }

    [Fact]
    public async Task Stop_ends_the_request_in_the_service_and_keeps_what_came()
    {
        await using var app = await WebApp.StartAsync();
        var id = await AskAsync(app);
        var request = await AskedAsync(app.Fake);
        request.Begin();
        request.Reason("some");
        var before = await app.WhenAsync(id, a => a.Reasoning == "some");

        await app.Book.StopAsync(before.Id);

        var answer = await app.WhenAsync(id, a => a.State == AnswerState.Stopped);
        Assert.Equal(("some", FinishReason.Cancelled), (answer.Reasoning, answer.FinishReason));
        Assert.False(request.Cancel());
    }

    [Fact]
    public async Task Stop_works_without_a_service()
    {
        await using var app = await WebApp.StartAsync();
        var id = await AskAsync(app);
        var request = await AskedAsync(app.Fake);
        request.Reason("some");
        var before = await app.WhenAsync(id, a => a.Reasoning == "some");
        await app.Fake.DieAsync();

        await app.Book.StopAsync(before.Id);

        Assert.Equal("some", (await app.WhenAsync(id, a => a.State == AnswerState.Stopped)).Reasoning);
    }

    [Fact]
    public async Task A_refusal_is_kept_with_its_values()
    {
        await using var app = await WebApp.StartAsync();
        app.Fake.Refuse = _ => new Failed(0, FailureCode.QueueFull, "The queue is full.", new Dictionary<string, string> { ["limit"] = "64" });

        var answer = await app.WhenAsync(await AskAsync(app), a => a.State == AnswerState.Failed);

        Assert.Equal((FailureCode.QueueFull, "64"), (answer.FailureCode, answer.FailureParameters["limit"]));
    }

    [Fact]
    public async Task A_service_that_is_not_there_ends_in_unreachable()
    {
        await using var app = await WebApp.StartAsync();
        await app.Fake.DieAsync();

        var answer = await app.WhenAsync(await AskAsync(app), a => a.State == AnswerState.Failed);

        Assert.Equal(FailureCode.Unreachable, answer.FailureCode);
    }

    [Fact]
    public async Task Images_that_the_service_forgot_are_sent_again()
    {
        await using var app = await WebApp.StartAsync();
        var forgot = false;
        app.Fake.OnAsk = Quick;
        app.Fake.Refuse = _ =>
        {
            if (!forgot) app.Fake.ForgetImages();
            forgot = true;
            return null;
        };

        Assert.Equal("42", (await app.WhenAsync(await AskAsync(app), a => a.State is AnswerState.Done or AnswerState.Failed)).Text);
        Assert.Single(app.Fake.Images);
    }

    [Fact]
    public async Task Everybody_who_looks_sees_the_same_answer_from_its_beginning()
    {
        await using var app = await WebApp.StartAsync();
        var id = await AskAsync(app);
        var request = await AskedAsync(app.Fake);
        request.Write(n => new Queued(n, 3, 7.5));
        var answerId = (await app.Book.LoadAsync(id))!.Exchanges[0].Answers[0].Id;
        var live = await app.WhenLiveAsync(answerId, u => u.Progress.Position == 3);
        Assert.Equal(7.5, live.Progress.EtaSeconds);

        request.Begin();
        request.Reason("ab");
        await app.WhenLiveAsync(answerId, u => u.Reasoning == "ab");
        var late = live.Read(default);
        request.Reason("cd");
        await live.WhenNewAsync(late.Cursor, TestContext.Current.CancellationToken);

        Assert.Equal("ab", late.Reasoning);
        Assert.Equal("cd", live.Read(late.Cursor).Reasoning);
        Assert.Equal("abcd", live.Read(default).Reasoning);
        Assert.Null(live.Progress.Position);
    }

    private static void Quick(FakeRequest request)
    {
        request.Begin();
        request.Answer("42");
        request.End();
    }

    private static async Task<Guid> AskAsync(WebApp app) => await app.Book.AskAsync(QuestionTask.Solve, "en", "question", [await PhotoAsync(app)]);

    private static async Task<StoredPhoto> PhotoAsync(WebApp app) =>
        await app.Services.GetRequiredService<PhotoStore>().TakeAsync(new MemoryStream(Pictures.Jpeg()), TestContext.Current.CancellationToken);

    private static async Task<FakeRequest> AskedAsync(FakeInference fake)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        FakeRequest? request;
        while (!fake.Asked.TryPeek(out request)) await Task.Delay(5, timeout.Token);
        return request;
    }
}
