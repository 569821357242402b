using System.Security.Cryptography;
using System.Text.Json;
using EduVision.Inference.Images;
using EduVision.Shared;

namespace EduVision.Inference.OpenAi;

/// <summary>From the API's messages to a request of ours. Images come as data URLs only: the service fetches nothing for anybody.</summary>
internal sealed class ChatCompletionReader(ImageStore store)
{
    /// <summary>The request, or why not.</summary>
    public async Task<(AskRequest? Request, ServiceError? Refusal)> ReadAsync(ChatCompletionRequest body, CancellationToken cancellationToken)
    {
        if (Unsupported(body) is { } refusal) return (null, refusal);
        List<Turn> turns = [];
        List<string> system = [];
        foreach (var message in body.Messages ?? [])
        {
            var (text, images, wrong) = await ContentAsync(message?.Content, cancellationToken);
            if (wrong is not null) return (null, wrong);
            if (message?.Role is "system" or "developer") system.Add(text);
            else if (message?.Role is "user") turns.Add(new Turn(TurnRole.User, text, images));
            else if (message?.Role is "assistant") turns.Add(new Turn(TurnRole.Assistant, text, images));
            else return (null, Refusals.Invalid("messages", $"There is no role '{message?.Role}' here: system, developer, user or assistant."));
        }
        var top = body.Logprobs == true ? Math.Max(1, body.TopLogprobs ?? 0) : 0;
        return (new AskRequest
        {
            Id = Guid.NewGuid(),
            User = string.IsNullOrEmpty(body.User) ? "api" : body.User,
            Task = QuestionTask.Ask,
            Language = "en",
            System = system.Count == 0 ? null : string.Join("\n\n", system),
            Turns = turns,
            Options = new GenerationOptions
            {
                MaxTokens = body.MaxCompletionTokens ?? body.MaxTokens,
                ThinkingBudget = body.ThinkingBudget,
                Temperature = body.Temperature,
                TopP = body.TopP,
                TopK = body.TopK,
                MinP = body.MinP,
                PresencePenalty = body.PresencePenalty,
                Seed = body.Seed,
                TopLogProbs = top,
            },
        }, null);
    }

    // What would change the answer and is not there is refused; silently leaving it out would be a wrong answer.
    private static ServiceError? Unsupported(ChatCompletionRequest body)
    {
        if (body.N is > 1) return Refusals.Invalid("n", "Only one answer a request.");
        if (body.FrequencyPenalty is not (null or 0)) return Refusals.Invalid("frequency_penalty", "Not supported; presence_penalty is.");
        if (IsSet(body.Stop)) return Refusals.Invalid("stop", "Stop sequences are not supported.");
        if (body.Tools is { ValueKind: JsonValueKind.Array } tools && tools.GetArrayLength() > 0) return Refusals.Invalid("tools", "Tools are not supported.");
        if (body.ResponseFormat is { ValueKind: JsonValueKind.Object } format && format.TryGetProperty("type", out var type) && type.GetString() != "text")
            return Refusals.Invalid("response_format", "Only text is supported.");
        return null;
    }

    private static bool IsSet(JsonElement? element) => element is { ValueKind: JsonValueKind.String }
        || element is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0;

    private async Task<(string Text, List<string> Images, ServiceError? Wrong)> ContentAsync(JsonElement? content, CancellationToken cancellationToken)
    {
        if (content is not { } element || element.ValueKind == JsonValueKind.Null) return ("", [], null);
        if (element.ValueKind == JsonValueKind.String) return (element.GetString()!, [], null);
        if (element.ValueKind != JsonValueKind.Array) return ("", [], Refusals.Invalid("messages", "Content must be a string or a list of parts."));
        List<string> texts = [];
        List<string> images = [];
        foreach (var part in element.EnumerateArray())
        {
            if (Property(part, "text") is { ValueKind: JsonValueKind.String } text) texts.Add(text.GetString()!);
            else if (Property(part, "image_url") is { } image && (Property(image, "url") ?? image) is { ValueKind: JsonValueKind.String } url)
            {
                var (hash, wrong) = await StoreAsync(url.GetString()!, cancellationToken);
                if (wrong is not null) return ("", [], wrong);
                images.Add(hash);
            }
            else return ("", [], Refusals.Invalid("messages", "Each part must be a text or an image_url."));
        }
        return (string.Join("\n", texts), images, null);
    }

    private async Task<(string Hash, ServiceError? Wrong)> StoreAsync(string url, CancellationToken cancellationToken)
    {
        const string marker = ";base64,";
        var at = url.IndexOf(marker, StringComparison.OrdinalIgnoreCase);
        if (!url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) || at < 0)
            return ("", Refusals.Invalid("image_url", "Only data URLs (data:image/...;base64,...) are taken: the service fetches no addresses."));
        // Four characters for three bytes; the store counts exactly.
        if ((url.Length - at - marker.Length) / 4 * 3L > store.Limits.MaxBytes + 2) return ("", Refusals.TooManyBytes(store.Limits.MaxBytes));
        byte[] bytes;
        try
        {
            bytes = Convert.FromBase64String(url[(at + marker.Length)..]);
        }
        catch (FormatException)
        {
            return ("", Refusals.Invalid("image_url", "The data URL is not valid base64."));
        }
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (store.Contains(hash)) return (hash, null);
        using var stream = new MemoryStream(bytes, writable: false);
        return (hash, await store.PutAsync(hash, stream, cancellationToken));
    }

    private static JsonElement? Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;
}
