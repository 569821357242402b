using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Hosting;

/// <summary>Where reasoning and answer end when the model does not.</summary>
public sealed class BudgetTests
{
    private static string TextOf<T>(IEnumerable<AnswerEvent> events)
        where T : AnswerEvent => string.Concat(events.OfType<T>().Select(item => item is Reasoning piece ? piece.Delta : item is Answer answer ? answer.Delta : ""));

    // Thinks for ever; answers with one letter and ends when the reasoning is closed.
    private static Func<IReadOnlyList<int>, int> Thinker(TinyModel tiny)
    {
        var (close, end) = (tiny.Tokenizer.IdOf("</think>"), tiny.Tokenizer.IdOf("<|im_end|>"));
        var answer = tiny.Tokenizer.Encode("4", false)[0];
        var thought = tiny.Tokenizer.Encode("hm", false);
        return tokens => tokens[^1] == answer ? end : tokens.Contains(close) ? answer : thought[tokens.Count % 2];
    }

    // Closes its reasoning at once and then writes the same row over and over.
    private static Func<IReadOnlyList<int>, int> Tabulator(TinyModel tiny, int rows)
    {
        var (close, end) = (tiny.Tokenizer.IdOf("</think>"), tiny.Tokenizer.IdOf("<|im_end|>"));
        var row = tiny.Tokenizer.Encode("|0|0|\n", false);
        return tokens =>
        {
            var begun = tokens.ToList().LastIndexOf(close);
            if (begun < 0) return close;
            var written = tokens.Count - begun - 1;
            return written == rows * row.Length ? end : row[written % row.Length];
        };
    }

    [Fact]
    public async Task At_its_budget_the_reasoning_is_closed_and_the_answer_follows()
    {
        await using var service = await TestService.StartAsync(Thinker);
        var events = await service.AskAsync(TestService.Question() with { Options = new GenerationOptions { ThinkingBudget = 6 } });
        Assert.Equal((6, "4"), (TextOf<Reasoning>(events).Length, TextOf<Answer>(events)));
        var done = Assert.IsType<Completed>(events[^1]);
        // Six thoughts, a line end and the tag; two line ends and the answer.
        Assert.Equal((FinishReason.Stop, 8, 3), (done.FinishReason, done.Usage.ReasoningTokens, done.Usage.AnswerTokens));
    }

    [Fact]
    public async Task Without_a_budget_the_answer_comes_without_a_single_token_of_reasoning()
    {
        await using var service = await TestService.StartAsync(Thinker);
        var events = await service.AskAsync(TestService.Question() with { Options = new GenerationOptions { ThinkingBudget = 0 } });
        Assert.Equal(("", "4"), (TextOf<Reasoning>(events), TextOf<Answer>(events)));
        var done = Assert.IsType<Completed>(events[^1]);
        Assert.Equal((FinishReason.Stop, 0, 1), (done.FinishReason, done.Usage.ReasoningTokens, done.Usage.AnswerTokens));
    }

    [Theory]
    [InlineData(5, 3)]
    [InlineData(7, 3)]
    [InlineData(8, 3)]
    [InlineData(2, 1)]
    public async Task What_closes_the_reasoning_stays_within_the_token_limit(int maxTokens, int budget)
    {
        await using var service = await TestService.StartAsync(Thinker);
        var events = await service.AskAsync(TestService.Question() with { Options = new GenerationOptions { MaxTokens = maxTokens, ThinkingBudget = budget } });
        var done = Assert.IsType<Completed>(events[^1]);
        Assert.InRange(done.Usage.ReasoningTokens + done.Usage.AnswerTokens, budget, maxTokens);
        // Three thoughts, four tokens that close them, one of the answer: where that does not fit, nothing was closed.
        Assert.Equal(maxTokens == 8 ? "4" : "", TextOf<Answer>(events));
        Assert.Equal(FinishReason.Length, done.FinishReason);
    }

    [Fact]
    public async Task A_table_with_many_equal_rows_is_no_loop_in_an_answer()
    {
        await using var service = await TestService.StartAsync(tiny => Tabulator(tiny, 30), options => options.LoopTokens = 50);
        var events = await service.AskAsync(TestService.Question());
        Assert.Equal(FinishReason.Stop, Assert.IsType<Completed>(events[^1]).FinishReason);
        Assert.Equal(30, TextOf<Answer>(events).Count(letter => letter == '\n'));
    }

    [Fact]
    public async Task A_table_without_end_is_a_loop()
    {
        await using var service = await TestService.StartAsync(tiny => Tabulator(tiny, 10_000), options => options.LoopTokens = 50);
        var done = Assert.IsType<Completed>((await service.AskAsync(TestService.Question()))[^1]);
        Assert.Equal((FinishReason.Loop, 200), (done.FinishReason, done.Usage.AnswerTokens));
    }
}
