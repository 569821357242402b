using System.Globalization;
using System.Text;
using EduVision.Web.Localization;
using EduVision.Web.Questions;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EduVision.Web.Answers;

/// <summary>A question with its answers as a Markdown file.</summary>
public static class ExportApi
{
    /// <summary>Maps <c>GET /questions/{id}/export</c>.</summary>
    public static void MapExport(this WebApplication app) => app.MapGet("/questions/{id:guid}/export", ExportAsync);

    private static async Task<Results<FileContentHttpResult, NotFound>> ExportAsync(Guid id, bool? reasoning, QuestionBook book, Texts texts)
    {
        if (await book.LoadAsync(id) is not { } question) return TypedResults.NotFound();
        var name = $"eduvision-{question.Created.ToLocalTime().ToString("yyyyMMdd-HHmm", CultureInfo.InvariantCulture)}.md";
        return TypedResults.File(Encoding.UTF8.GetBytes(Write(question, reasoning ?? false, texts)), "text/markdown; charset=utf-8", name);
    }

    /// <summary>The Markdown; with <paramref name="reasoning"/> each answer's reasoning is quoted before it.</summary>
    public static string Write(Question question, bool reasoning, Texts texts)
    {
        var text = new StringBuilder();
        text.Append("# ").AppendLine(OneLine(question.Title ?? texts.Task(question.Task)));
        text.AppendLine().AppendLine(question.Created.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
        foreach (var exchange in question.Exchanges)
        {
            text.AppendLine().Append("## ").AppendLine(texts["Export.Question"]);
            if (exchange.Photos.Count > 0) text.AppendLine().AppendLine(texts["Export.Photos", exchange.Photos.Count]);
            if (exchange.Text.Length > 0) text.AppendLine().AppendLine(exchange.Text);
            if (exchange.Answers.LastOrDefault(a => a.Text.Length > 0) is not { } answer) continue;
            if (reasoning && answer.Reasoning.Length > 0)
            {
                text.AppendLine().Append("## ").AppendLine(texts["Answer.Reasoning"]).AppendLine();
                foreach (var line in answer.Reasoning.Trim().Split('\n')) text.Append("> ").AppendLine(line.TrimEnd('\r'));
            }
            text.AppendLine().Append("## ").AppendLine(texts["Export.Answer"]).AppendLine().AppendLine(answer.Text.Trim());
        }
        return text.ToString().ReplaceLineEndings("\n");
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
