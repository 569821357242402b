using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Hosting;

public sealed class BadRequestTests
{
    public static TheoryData<string, string, AskRequest> Malformed
    {
        get
        {
            var good = TestService.Question();
            AskRequest With(GenerationOptions options) => good with { Options = options };
            return new TheoryData<string, string, AskRequest>
            {
                { FailureCode.InvalidRequest, "id", good with { Id = Guid.Empty } },
                { FailureCode.InvalidRequest, "user", good with { User = "" } },
                { FailureCode.InvalidRequest, "turns", good with { Turns = [] } },
                { FailureCode.InvalidRequest, "turns", good with { Turns = [new Turn(TurnRole.Assistant, "hello")] } },
                { FailureCode.InvalidRequest, "turns", good with { Turns = [new Turn(TurnRole.User, " ")] } },
                { FailureCode.InvalidRequest, "images", TestService.Question("look", "../../etc/passwd") },
                { FailureCode.ImageMissing, "", TestService.Question("look", new string('a', 64)) },
                { FailureCode.TooManyImages, "", TestService.Question("look", [.. Enumerable.Repeat(new string('a', 64), 11)]) },
                { FailureCode.ContextTooLong, "", TestService.Question(new string('x', 3000)) },
                { FailureCode.InvalidRequest, "maxTokens", With(new GenerationOptions { MaxTokens = int.MaxValue }) },
                { FailureCode.InvalidRequest, "maxTokens", With(new GenerationOptions { MaxTokens = 0 }) },
                { FailureCode.InvalidRequest, "temperature", With(new GenerationOptions { Temperature = -1 }) },
                { FailureCode.InvalidRequest, "topP", With(new GenerationOptions { TopP = 0 }) },
                { FailureCode.InvalidRequest, "topK", With(new GenerationOptions { TopK = -1 }) },
                { FailureCode.InvalidRequest, "minP", With(new GenerationOptions { MinP = 2 }) },
                { FailureCode.InvalidRequest, "presencePenalty", With(new GenerationOptions { PresencePenalty = 9 }) },
                { FailureCode.InvalidRequest, "topLogProbs", With(new GenerationOptions { TopLogProbs = 21 }) },
                { FailureCode.InvalidRequest, "thinkingBudget", With(new GenerationOptions { ThinkingBudget = -1 }) },
            };
        }
    }

    [Fact]
    public async Task A_malformed_request_is_refused_with_what_is_wrong_and_the_service_goes_on()
    {
        await using var service = await TestService.StartAsync();
        foreach (var (code, field, request) in Malformed.Select(row => row.Data))
        {
            var refused = Assert.IsType<Failed>(Assert.Single(await service.AskAsync(request)));
            Assert.Equal((0, code), (refused.Sequence, refused.Code));
            if (field.Length > 0) Assert.Equal(field, refused.Parameters!["field"]);
        }
        Assert.IsType<Completed>((await service.AskAsync(TestService.Question()))[^1]);
    }

    [Fact]
    public async Task A_conversation_that_leaves_little_room_ends_at_the_context_instead_of_failing()
    {
        await using var service = await TestService.StartAsync(tiny => tokens => tiny.Tokenizer.Encode("ab", false)[(tokens.Count * 7919 % 13) % 2], options => (options.KvTokens, options.LoopTokens) = (256, 10_000));
        var done = Assert.IsType<Completed>((await service.AskAsync(TestService.Question(new string('x', 150))))[^1]);
        Assert.Equal(FinishReason.Length, done.FinishReason);
        Assert.InRange(done.Usage.PromptTokens + done.Usage.ReasoningTokens, 240, 256);
    }
}
