using System.Globalization;
using System.Resources;
using EduVision.Shared;
using EduVision.Web.Questions;

namespace EduVision.Web.Localization;

/// <summary>
/// Every sentence of the pages, in the person's language: <c>Texts.resx</c> (English) and <c>Texts.zh.resx</c> (Chinese).
/// One for each request or circuit. It keeps the language it was made in: what renders a page may be a background
/// thread, which has no language of its own.
/// </summary>
public sealed class Texts
{
    private static readonly ResourceManager Resources = new(typeof(Texts));

    /// <summary>The language and the formats of the person.</summary>
    public CultureInfo Culture { get; } = CultureInfo.CurrentUICulture;

    /// <summary>The language that questions are asked in: <c>zh</c> or <c>en</c>.</summary>
    public string Language => Culture.TwoLetterISOLanguageName == "en" ? "en" : "zh";

    /// <summary>A sentence.</summary>
    public string this[string key] => Find(key) ?? key;

    /// <summary>A sentence with values.</summary>
    public string this[string key, params object[] values] => string.Format(Culture, this[key], values);

    /// <summary>What a task is called.</summary>
    public string Task(QuestionTask task) => this[$"Task.{task}"];

    /// <summary>A plain sentence for a failure: what happened and what to do.</summary>
    /// <param name="code">A stable code; an unknown one gets a general sentence that names it.</param>
    /// <param name="parameters">Values that stand in the sentence as <c>{name}</c>.</param>
    public string Failure(string code, IReadOnlyDictionary<string, string>? parameters = null)
    {
        var text = Find($"Failure.{code}");
        foreach (var (name, value) in parameters ?? new Dictionary<string, string>())
            text = text?.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        // A sentence whose values did not come is no sentence.
        return text is null || text.Contains('{') ? this["Failure.unknown", code] : text;
    }

    /// <summary>A length of time for people: <c>8 s</c>, <c>2 min 5 s</c>.</summary>
    public string Duration(double seconds)
    {
        var whole = (int)Math.Max(0, Math.Round(seconds));
        return whole < 60 ? this["Time.Seconds", whole] : this["Time.Minutes", whole / 60, whole % 60];
    }

    /// <summary>A length of time that was measured: tenths where they matter, <c>0.6 s</c>.</summary>
    public string Measured(double seconds) => seconds < 10 ? this["Time.Seconds", Math.Max(0, seconds).ToString("0.0", Culture)] : Duration(seconds);

    /// <summary>When something was, as seen today.</summary>
    public string When(DateTime utc, DateTime nowUtc)
    {
        var (then, now) = (utc.ToLocalTime(), nowUtc.ToLocalTime());
        if (nowUtc - utc < TimeSpan.FromMinutes(1)) return this["Time.JustNow"];
        if (then.Date == now.Date) return then.ToString("HH:mm", Culture);
        if (then.Date == now.Date.AddDays(-1)) return this["Time.Yesterday", then.ToString("HH:mm", Culture)];
        return then.ToString(then.Year == now.Year ? this["Time.ThisYearFormat"] : "yyyy-MM-dd", Culture);
    }

    /// <summary>The place and the wait of a question in the queue.</summary>
    public string Queue(int position, double? etaSeconds)
    {
        var place = position <= 1 ? this["Queue.Next"] : this["Queue.Place", position];
        return etaSeconds is { } eta ? this["Queue.WithEta", place, Duration(eta)] : place;
    }

    /// <summary>Where an answer stands, in a word.</summary>
    public string State(AnswerState state) => this[$"State.{state}"];

    private string? Find(string key) => Resources.GetString(key, Culture);
}
