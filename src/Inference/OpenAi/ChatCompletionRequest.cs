using System.Text.Json;
using System.Text.Json.Serialization;

namespace EduVision.Inference.OpenAi;

/// <summary>The body of <c>POST /v1/chat/completions</c>, as far as it means something here; <c>top_k</c>, <c>min_p</c> and <c>thinking_budget</c> are extensions.</summary>
internal sealed record ChatCompletionRequest
{
    public string? Model { get; init; }
    public IReadOnlyList<ChatMessageBody>? Messages { get; init; }
    public bool? Stream { get; init; }
    public StreamOptionsBody? StreamOptions { get; init; }
    public int? MaxTokens { get; init; }
    public int? MaxCompletionTokens { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public int? TopK { get; init; }
    public double? MinP { get; init; }
    public int? ThinkingBudget { get; init; }
    public double? PresencePenalty { get; init; }
    public double? FrequencyPenalty { get; init; }
    public long? Seed { get; init; }
    public bool? Logprobs { get; init; }
    public int? TopLogprobs { get; init; }
    public int? N { get; init; }
    public string? User { get; init; }
    public JsonElement? Stop { get; init; }
    public JsonElement? Tools { get; init; }
    public JsonElement? ResponseFormat { get; init; }
}

internal sealed record StreamOptionsBody(bool? IncludeUsage);

/// <summary>A message; its content is a string or a list of parts.</summary>
internal sealed record ChatMessageBody(string? Role, JsonElement? Content);

/// <summary>How the API writes JSON.</summary>
internal static class OpenAiJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };
}
