using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using EduVision.Shared;

namespace EduVision.Inference.OpenAi;

/// <summary>A whole answer, or with <c>chat.completion.chunk</c> a piece of one.</summary>
internal sealed record CompletionBody(
    string Id, string Object, long Created, string Model, IReadOnlyList<ChoiceBody> Choices, UsageBody? Usage = null);

internal sealed record ChoiceBody(int Index, string? FinishReason, MessageBody? Message = null, MessageBody? Delta = null, LogProbsBody? Logprobs = null);

internal sealed record MessageBody(string? Role = null, string? Content = null, string? ReasoningContent = null);

internal sealed record LogProbsBody(IReadOnlyList<TokenLogProbBody> Content);

internal sealed record TokenLogProbBody(string Token, float Logprob, IReadOnlyList<int> Bytes, IReadOnlyList<TokenLogProbBody>? TopLogprobs = null)
{
    public static TokenLogProbBody Of(TokenDetail token, int top) => new(
        token.Text, token.LogProbability, BytesOf(token.Text),
        [.. token.Alternatives.Take(top).Select(other => new TokenLogProbBody(other.Text, other.LogProbability, BytesOf(other.Text)))]);

    private static int[] BytesOf(string text) => [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];
}

internal sealed record UsageBody(int PromptTokens, int CompletionTokens, int TotalTokens, PromptDetailsBody PromptTokensDetails, CompletionDetailsBody CompletionTokensDetails)
{
    public static UsageBody Of(Usage usage)
    {
        var completion = usage.ReasoningTokens + usage.AnswerTokens;
        return new UsageBody(
            usage.PromptTokens, completion, usage.PromptTokens + completion,
            new PromptDetailsBody(usage.CachedTokens), new CompletionDetailsBody(usage.ReasoningTokens));
    }
}

internal sealed record PromptDetailsBody(int CachedTokens);

internal sealed record CompletionDetailsBody(int ReasoningTokens);

internal sealed record ErrorBody(ErrorDetailBody Error)
{
    public static ErrorBody Of(ServiceError error)
    {
        var status = StatusOf(error.Code);
        var field = error.Parameters?.GetValueOrDefault("field") switch
        {
            null => null,
            "topLogProbs" => "top_logprobs",
            var name => JsonNamingPolicy.SnakeCaseLower.ConvertName(name),
        };
        return new ErrorBody(new ErrorDetailBody(
            field is null ? error.Message : $"{field}: {error.Parameters!["reason"]}",
            status switch { StatusCodes.Status429TooManyRequests => "rate_limit_error", < 500 => "invalid_request_error", _ => "server_error" },
            field,
            error.Code == FailureCode.ContextTooLong ? "context_length_exceeded" : error.Code));
    }

    public static int StatusOf(string code) => code switch
    {
        FailureCode.QueueFull or FailureCode.UserLimit => StatusCodes.Status429TooManyRequests,
        FailureCode.ShuttingDown or FailureCode.DeviceLost or FailureCode.OutOfMemory => StatusCodes.Status503ServiceUnavailable,
        FailureCode.EngineFault or FailureCode.NoNumbers => StatusCodes.Status500InternalServerError,
        _ => StatusCodes.Status400BadRequest,
    };
}

internal sealed record ErrorDetailBody(
    string Message, string Type, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param, string Code);
