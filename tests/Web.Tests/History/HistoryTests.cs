using EduVision.Shared;
using EduVision.Web.History;
using EduVision.Web.Questions;
using EduVision.Web.Tests.Uploads;
using EduVision.Web.Uploads;
using Microsoft.Extensions.DependencyInjection;

namespace EduVision.Web.Tests.History;

public sealed class HistoryTests : IAsyncLifetime
{
    private WebApp app = default!;

    private HistoryBook History => app.Services.GetRequiredService<HistoryBook>();

    public async ValueTask InitializeAsync()
    {
        app = await WebApp.StartAsync(settings: ("Uploads:KeepUnused", "00:01:00"));
        app.Fake.OnAsk = request =>
        {
            request.Answer($"The answer to {request.Request.Turns[^1].Text} is 100% sure_thing.");
            request.End();
        };
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact]
    public async Task The_latest_comes_first_and_pages_do_not_overlap()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++) ids.Add(await AskedAsync($"number {i}"));

        var first = await History.ListAsync("", 0, 3);
        var second = await History.ListAsync("", 3, 3);

        Assert.Equal(Enumerable.Reverse(ids), first.Concat(second).Select(e => e.Id));
        Assert.Equal(AnswerState.Done, first[0].State);
        Assert.NotNull(first[0].Photo);
    }

    [Theory]
    [InlineData("algebra", 1)]
    [InlineData("ALGEBRA answer", 1)]
    [InlineData("answer sure_thing", 2)]
    [InlineData("100%", 2)]
    [InlineData("%", 2)]
    [InlineData("sureXthing", 0)]
    [InlineData("几何", 1)]
    [InlineData("algebra 几何", 0)]
    [InlineData("'; DROP TABLE Questions; --", 0)]
    public async Task Search_finds_all_words_in_questions_and_answers(string search, int found)
    {
        await AskedAsync("some Algebra");
        await AskedAsync("一些几何");

        Assert.Equal(found, (await History.ListAsync(search, 0, 10)).Count);
    }

    [Fact]
    public async Task A_title_is_kept_found_and_taken_away_again()
    {
        var id = await AskedAsync("x");

        await History.RenameAsync(id, "  Homework of Monday ");
        Assert.Equal("Homework of Monday", (await History.ListAsync("monday", 0, 10)).Single().Title);

        await History.RenameAsync(id, " ");
        Assert.Null((await History.ListAsync("", 0, 10)).Single().Title);
    }

    [Fact]
    public async Task Deleted_is_gone_until_it_is_brought_back()
    {
        var id = await AskedAsync("x");

        await History.DeleteAsync(id);
        Assert.Empty(await History.ListAsync("", 0, 10));
        Assert.Null(await app.Book.LoadAsync(id));

        await History.RestoreAsync(id);
        Assert.Equal(id, (await History.ListAsync("", 0, 10)).Single().Id);
        Assert.NotNull(await app.Book.LoadAsync(id));
    }

    [Fact]
    public async Task Deleting_stops_what_still_runs()
    {
        app.Fake.OnAsk = request => request.Reason("thinking");
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", "x", []);
        await app.WhenAsync(id, a => a.Reasoning.Length > 0);

        await History.DeleteAsync(id);
        await History.RestoreAsync(id);

        await app.WhenAsync(id, a => a.State == AnswerState.Stopped);
    }

    [Fact]
    public async Task The_sweep_removes_what_was_deleted_and_photos_nobody_uses()
    {
        var photos = app.Services.GetRequiredService<PhotoStore>();
        var kept = await PhotoAsync(60);
        var gone = await PhotoAsync(64);
        var unused = await PhotoAsync(68);
        await AskedAsync("kept", kept);
        await History.DeleteAsync(await AskedAsync("gone", gone));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(app.Data, "photos"), "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-1));
        var fresh = await PhotoAsync(72);

        await History.SweepAsync(TimeSpan.Zero);

        Assert.Single(await History.ListAsync("", 0, 10));
        Assert.NotNull(photos.Find(kept.Sha256));
        Assert.NotNull(photos.FindThumbnail(kept.Sha256));
        Assert.NotNull(photos.Find(fresh.Sha256));
        Assert.Null(photos.Find(gone.Sha256));
        Assert.Null(photos.Find(unused.Sha256));
        Assert.Null(photos.FindThumbnail(unused.Sha256));
    }

    private async Task<Guid> AskedAsync(string text, StoredPhoto? photo = null)
    {
        var id = await app.Book.AskAsync(QuestionTask.Solve, "en", text, [photo ?? await PhotoAsync(60)]);
        await app.WhenAsync(id, a => a.State == AnswerState.Done);
        return id;
    }

    private async Task<StoredPhoto> PhotoAsync(int height) =>
        await app.Services.GetRequiredService<PhotoStore>().TakeAsync(new MemoryStream(Pictures.Png(100, height)), TestContext.Current.CancellationToken);
}
