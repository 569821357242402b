using System.Collections;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Resources;
using System.Text.RegularExpressions;
using EduVision.Shared;
using EduVision.Web.Localization;
using EduVision.Web.Questions;
using EduVision.Web.Uploads;

namespace EduVision.Web.Tests.Localization;

public sealed class TextsTests
{
    private static readonly ResourceManager Resources = new(typeof(Texts));

    [Fact]
    public void Both_languages_say_everything_with_the_same_values()
    {
        var (english, chinese) = (All(CultureInfo.InvariantCulture), All(CultureInfo.GetCultureInfo("zh")));

        Assert.Equal(english.Keys.Order(), chinese.Keys.Order());
        foreach (var (key, text) in english)
            Assert.True(Places(text).SetEquals(Places(chinese[key])), $"{key}: '{text}' and '{chinese[key]}' name different values");
        Assert.All(chinese.Where(pair => !pair.Key.EndsWith("Format", StringComparison.Ordinal)), pair => Assert.Matches(@"\p{IsCJKUnifiedIdeographs}|^\{|token|Markdown", pair.Value));
    }

    [Fact]
    public void Every_failure_has_a_sentence()
    {
        string[] own = [StoredAnswer.InterruptedCode, UploadRefusedException.Empty, UploadRefusedException.WrongKind, UploadRefusedException.Stale];
        var codes = typeof(FailureCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!).Concat(own);

        Assert.All(codes, code => Assert.NotNull(Resources.GetString($"Failure.{code}", CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void A_failure_without_its_values_is_told_in_general_words()
    {
        var texts = new Texts();

        Assert.DoesNotContain("{", texts.Failure(FailureCode.QueueFull), StringComparison.Ordinal);
        Assert.Contains("64", texts.Failure(FailureCode.QueueFull, new Dictionary<string, string> { ["limit"] = "64" }), StringComparison.Ordinal);
        Assert.Contains("nonsense", texts.Failure("nonsense"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", "拍下手写")]
    [InlineData("zh-TW", "zh-Hans", "拍下手写")]
    [InlineData("en-GB,en;q=0.9", "en", "Photograph handwriting")]
    [InlineData("fr-FR", "zh-Hans", "拍下手写")]
    public async Task The_browser_chooses_the_language_and_Chinese_comes_first(string accept, string lang, string title)
    {
        await using var app = await WebApp.StartAsync();
        var client = app.Factory.CreateClient();
        client.DefaultRequestHeaders.Add("Accept-Language", accept);

        var page = WebUtility.HtmlDecode(await client.GetStringAsync("/", TestContext.Current.CancellationToken));

        Assert.Contains($"<html lang=\"{lang}\"", page, StringComparison.Ordinal);
        Assert.Contains(title, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_person_can_choose_otherwise_and_comes_back_to_the_page()
    {
        await using var app = await WebApp.StartAsync();
        var client = app.Factory.CreateClient();
        client.DefaultRequestHeaders.Add("Accept-Language", "zh-CN");

        var page = WebUtility.HtmlDecode(await client.GetStringAsync("/language?to=en&back=%2Fhistory", TestContext.Current.CancellationToken));

        Assert.Contains("<html lang=\"en\"", page, StringComparison.Ordinal);
        Assert.Contains("Search titles", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    public async Task The_way_back_is_never_to_somebody_else(string back)
    {
        await using var app = await WebApp.StartAsync();
        var client = app.Factory.CreateClient(new() { AllowAutoRedirect = false });

        using var response = await client.GetAsync($"/language?to=en&back={Uri.EscapeDataString(back)}", TestContext.Current.CancellationToken);

        Assert.Equal("/", response.Headers.Location?.ToString());
    }

    private static Dictionary<string, string> All(CultureInfo culture) =>
        Resources.GetResourceSet(culture, createIfNotExists: true, tryParents: false)!.Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string)e.Value!);

    private static HashSet<string> Places(string text) => [.. Regex.Matches(text, @"\{\w+\}").Select(m => m.Value)];
}
