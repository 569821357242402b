using System.Globalization;
using EduVision.Shared;
using EduVision.Web.Questions;
using Microsoft.Extensions.Localization;

namespace EduVision.Web.Localization;

/// <summary>Every sentence of the pages, in the person's language: <c>Texts.resx</c> (English) and <c>Texts.zh.resx</c> (Chinese).</summary>
/// <param name="localizer">The resources.</param>
public sealed class Texts(IStringLocalizer<Texts> localizer)
{
    /// <summary>The language that questions are asked in: <c>zh</c> or <c>en</c>.</summary>
    public static string Language => CultureInfo.CurrentUICulture.TwoLetterISOLanguageName == "en" ? "en" : "zh";

    /// <summary>A sentence.</summary>
    public string this[string key] => localizer[key];

    /// <summary>A sentence with values.</summary>
    public string this[string key, params object[] values] => localizer[key, values];

    /// <summary>What a task is called.</summary>
    public string Task(QuestionTask task) => localizer[$"Task.{task}"];

    /// <summary>A plain sentence for a failure: what happened and what to do.</summary>
    /// <param name="code">A stable code; an unknown one gets a general sentence that names it.</param>
    /// <param name="parameters">Values that stand in the sentence as <c>{name}</c>.</param>
    public string Failure(string code, IReadOnlyDictionary<string, string>? parameters = null)
    {
        var sentence = localizer[$"Failure.{code}"];
        if (sentence.ResourceNotFound) return localizer["Failure.unknown", code];
        var text = sentence.Value;
        foreach (var (name, value) in parameters ?? new Dictionary<string, string>())
            text = text.Replace($"{{{name}}}", value, StringComparison.Ordinal);
        return text;
    }

    /// <summary>A length of time for people: <c>8 s</c>, <c>2 min 5 s</c>.</summary>
    public string Duration(double seconds)
    {
        var whole = (int)Math.Max(0, Math.Round(seconds));
        return whole < 60 ? localizer["Time.Seconds", whole] : localizer["Time.Minutes", whole / 60, whole % 60];
    }

    /// <summary>When something was, as seen today.</summary>
    public string When(DateTime utc, DateTime nowUtc)
    {
        var (then, now) = (utc.ToLocalTime(), nowUtc.ToLocalTime());
        if (nowUtc - utc < TimeSpan.FromMinutes(1)) return localizer["Time.JustNow"];
        if (then.Date == now.Date) return then.ToString("HH:mm", CultureInfo.CurrentCulture);
        if (then.Date == now.Date.AddDays(-1)) return localizer["Time.Yesterday", then.ToString("HH:mm", CultureInfo.CurrentCulture)];
        return then.ToString(then.Year == now.Year ? localizer["Time.ThisYearFormat"] : "yyyy-MM-dd", CultureInfo.CurrentCulture);
    }

    /// <summary>The place and the wait of a question in the queue.</summary>
    public string Queue(int position, double? etaSeconds)
    {
        var place = position <= 1 ? localizer["Queue.Next"].Value : localizer["Queue.Place", position].Value;
        return etaSeconds is { } eta ? localizer["Queue.WithEta", place, Duration(eta)] : place;
    }

    /// <summary>Where an answer stands, in a word.</summary>
    public string State(AnswerState state) => localizer[$"State.{state}"];
}
