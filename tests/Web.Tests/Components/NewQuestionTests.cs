using Bunit;
using EduVision.Web.Questions;
using EduVision.Web.Uploads;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace EduVision.Web.Tests.Components;

/// <summary>The form of a new question and its photos.</summary>
public sealed class NewQuestionTests : ComponentTest
{
    [Fact]
    public async Task A_question_cannot_be_sent_without_a_photo_and_goes_to_its_page_when_sent()
    {
        var form = Page.Render<NewQuestion>();
        Assert.True(form.Find(".send button").HasAttribute("disabled"));

        await form.Find(".sample").ClickAsync(new());
        form.WaitForAssertion(() => Assert.False(form.Find(".send button").HasAttribute("disabled")), Patience);
        await form.Find(".send button").ClickAsync(new());

        var address = Page.Services.GetRequiredService<NavigationManager>().Uri;
        Assert.Contains("/questions/", address, StringComparison.Ordinal);
        Assert.NotNull(await App.Book.LoadAsync(Guid.Parse(address[^36..])));
    }

    [Fact]
    public async Task Samples_are_open_on_a_first_visit_and_stay_within_reach()
    {
        var first = Page.Render<NewQuestion>();
        first.WaitForAssertion(() => Assert.True(first.Find("details.samples").HasAttribute("open")), Patience);
        await first.FindAll(".sample")[0].ClickAsync(new());
        first.WaitForAssertion(() => Assert.False(first.Find("details.samples").HasAttribute("open")), Patience);
        await first.Find(".send button").ClickAsync(new());

        var second = Page.Render<NewQuestion>();
        Assert.False(second.Find("details.samples").HasAttribute("open"));
        await second.FindAll(".sample")[2].ClickAsync(new());
        await second.FindAll(".sample")[2].ClickAsync(new());
        second.WaitForAssertion(() => Assert.Equal(2, second.FindAll(".tray li").Count), Patience);
        Assert.True(second.Find("input[value=Transcribe]").HasAttribute("checked"));
    }

    [Fact]
    public async Task Ask_wants_words()
    {
        var form = Page.Render<NewQuestion>();
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
        var form = Page.Render<NewQuestion>();

        Assert.All(form.FindAll("button"), button => Assert.NotEqual("", (button.GetAttribute("aria-label") ?? "") + button.TextContent.Trim()));
        Assert.All(form.FindAll("img"), image => Assert.True(image.HasAttribute("alt")));
        Assert.All(form.FindAll("textarea"), area => Assert.NotNull(form.Find($"label[for={area.Id}]")));
        Assert.All(form.FindAll("input"), input => Assert.NotNull(input.Closest("label")));
    }

    [Fact]
    public async Task Photos_on_the_tray_show_progress_refusals_and_can_be_taken_away()
    {
        var tray = new PhotoTray(Page.Services.GetRequiredService<PhotoStore>(), 2);
        var picker = Page.Render<PhotoPicker>(p => p.Add(c => c.Tray, tray));

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
        var tray = new PhotoTray(Page.Services.GetRequiredService<PhotoStore>(), 2);
        var stored = await PhotoAsync();
        tray.Add(new TrayPhoto { Key = "a", Name = "a", Stored = stored });
        var picker = Page.Render<PhotoPicker>(p => p.Add(c => c.Tray, tray));

        await picker.Find("button[aria-label='Rotate photo 1 clockwise']").ClickAsync(new());

        picker.WaitForAssertion(() => Assert.NotEqual(stored.Thumbnail, picker.Find("img").GetAttribute("src")), Patience);
        Assert.Equal((stored.Height, stored.Width), (tray.Stored[0].Width, tray.Stored[0].Height));
    }

    [Fact]
    public void More_photos_than_fit_are_left_out_and_said()
    {
        var tray = new PhotoTray(Page.Services.GetRequiredService<PhotoStore>(), 2);
        string? said = null;
        var picker = Page.Render<PhotoPicker>(p => p.Add(c => c.Tray, tray).Add(c => c.TooMany, sentence => said = sentence));

        Assert.Equal(2, picker.Instance.Room(5));
        Assert.Contains("At most", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_browser_says_was_stored_is_looked_up()
    {
        var tray = new PhotoTray(Page.Services.GetRequiredService<PhotoStore>(), 2);
        var picker = Page.Render<PhotoPicker>(p => p.Add(c => c.Tray, tray));
        picker.Instance.Added("a", "a.jpg", null);

        picker.Instance.Done("a", new StoredPhoto(new string('0', 64), 1, 1));
        Assert.Empty(tray.Stored);

        picker.Instance.Done("a", await PhotoAsync());
        Assert.Single(tray.Stored);
    }
}
