using System.Text.Json;

namespace EduVision.Shared.Tests;

public sealed class WireTests
{
    public static TheoryData<AnswerEvent> Events =>
    [
        new Queued(1, 3, 2.5), new Queued(2, 1, null), new Started(3), new Prefilled(4, 300, 256), new Reasoning(5, "因为 <think>"), new Answer(6, "x = 4"),
        new Completed(8, new Usage(300, 256, 12, 5), FinishReason.Loop, new Timings(0.1, 0.2, 0.3, 0.4, 100)),
        new Failed(9, FailureCode.QueueFull, "Full.", new Dictionary<string, string> { ["limit"] = "3" }),
    ];

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_comes_back_as_what_it_was_also_when_it_is_written_as_its_own_type(AnswerEvent sent)
    {
        // The hub protocol writes items as their run-time type and reads them as the declared one.
        var json = JsonSerializer.Serialize(sent, sent.GetType(), InferenceJson.Options);
        var back = JsonSerializer.Deserialize<AnswerEvent>(json, InferenceJson.Options);
        Assert.Equal(sent.GetType(), back!.GetType());
        Assert.Equal(json, JsonSerializer.Serialize(back, InferenceJson.Options));
    }

    [Fact]
    public void The_type_words_of_events_are_those_that_the_contract_names()
    {
        string[] words = [.. Events.Select(row => JsonDocument.Parse(JsonSerializer.Serialize(row.Data, row.Data.GetType(), InferenceJson.Options)).RootElement.GetProperty("type").GetString()!).Distinct()];
        Assert.Equal(["queued", "started", "prefilled", "reasoning", "answer", "completed", "failed"], words);
    }

    [Fact]
    public void Tokens_of_an_answer_survive_the_wire()
    {
        var sent = new Answer(7, "4", [new TokenDetail("4", -0.1f, [new TokenAlternative("4", -0.1f), new TokenAlternative("9", -3f)])]);
        var back = Assert.IsType<Answer>(JsonSerializer.Deserialize<AnswerEvent>(JsonSerializer.Serialize(sent, InferenceJson.Options), InferenceJson.Options));
        Assert.Equal("9", back.Tokens![0].Alternatives[1].Text);
        Assert.Equal(-3f, back.Tokens[0].Alternatives[1].LogProbability);
    }

    [Fact]
    public void A_request_survives_the_wire()
    {
        var sent = new AskRequest
        {
            Id = Guid.NewGuid(), User = "a", Task = QuestionTask.Transcribe, Language = "zh", System = "short",
            Turns = [new Turn(TurnRole.User, "", [new string('a', 64)]), new Turn(TurnRole.Assistant, "4"), new Turn(TurnRole.User, "为什么？")],
            Options = new GenerationOptions { MaxTokens = 5, Temperature = 0, Seed = -1 },
        };
        var back = JsonSerializer.Deserialize<AskRequest>(JsonSerializer.Serialize(sent, InferenceJson.Options), InferenceJson.Options)!;
        Assert.Equal(sent with { Turns = back.Turns }, back);
        Assert.Equal(sent.Turns.Select(turn => (turn.Role, turn.Text, turn.Images.Count)), back.Turns.Select(turn => (turn.Role, turn.Text, turn.Images.Count)));
    }
}
