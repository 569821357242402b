using EduVision.Model.Chat;
using EduVision.Training.Notation;
using EduVision.Training.Problems;

namespace EduVision.Training.Tests.Problems;

public sealed class ProblemMixTests
{
    private static readonly List<Problem> Problems = [.. Enumerable.Range(0, 8000).Select(i => ProblemMix.Default.Sample(11, i))];

    [Fact]
    public void The_same_seed_and_index_give_the_same_problem_in_any_order()
    {
        for (var i = 300; i >= 0; i--) Assert.Equal(Problems[i], ProblemMix.Default.Sample(11, i));
        Assert.NotEqual(Problems.Take(20), Enumerable.Range(0, 20).Select(i => ProblemMix.Default.Sample(12, i)));
    }

    [Fact]
    public void Neighbouring_indices_and_seeds_do_not_repeat_each_other()
    {
        var seeds = Enumerable.Range(0, 100).SelectMany(seed => Enumerable.Range(0, 1000).Select(index => ProblemMix.Mix(seed, index))).ToList();
        // 100,000 of 2^31: by chance about two collide.
        Assert.InRange(seeds.Distinct().Count(), 99_980, 100_000);
    }

    [Fact]
    public void Kinds_and_languages_occur_as_often_as_their_weights_say()
    {
        Assert.InRange(Share(problem => problem.Language == "zh"), 0.57, 0.63);
        Assert.InRange(Share(problem => problem.Kind == ProblemKind.Arithmetic && problem.Task == ProblemTask.Solve), 0.22, 0.28);
        Assert.InRange(Share(problem => problem.Kind == ProblemKind.Unreadable), 0.025, 0.055);
        var only = ProblemMix.Default with { SolveArithmetic = 0, SolveEquation = 0, TranscribeArithmetic = 0, TranscribeEquation = 0, TranscribeMathLine = 0, Unreadable = 0, SolveInVain = 0, Chinese = 0 };
        Assert.All(Enumerable.Range(0, 200), i => Assert.True(only.Sample(1, i) is { Kind: ProblemKind.Columns, Language: "en", Task: ProblemTask.Transcribe }));
    }

    [Fact]
    public void About_eight_percent_ask_in_other_words()
    {
        var standing = new[] { "zh", "en" }.SelectMany(language => new[] { TaskPrompts.Solve(language), TaskPrompts.Transcribe(language) }).ToHashSet();
        Assert.InRange(Share(problem => !standing.Contains(problem.Prompt)), 0.07, 0.09);
        Assert.Equal(Prompts.All.Count(), Problems.Select(problem => problem.Prompt).Distinct().Count());
        Assert.All(Problems, problem => Assert.Equal(problem.Language == "zh", problem.Prompt.Any(character => character > '\u2E80')));
    }

    [Fact]
    public void Transcriptions_answer_at_once_and_say_what_the_picture_says()
    {
        foreach (var problem in Problems.Where(problem => problem.Task == ProblemTask.Transcribe && problem.Kind != ProblemKind.Unreadable))
        {
            Assert.Empty(problem.Reasoning);
            Assert.Equal("</think>\n\n" + problem.Answer, problem.Completion);
            Assert.Equal(Said(problem), problem.Answer);
            Assert.Equal(problem.Answer.Trim('$'), problem.Expected);
        }
    }

    [Fact]
    public void What_cannot_be_read_is_refused_whatever_was_asked()
    {
        var unreadable = Problems.Where(problem => problem.Kind == ProblemKind.Unreadable).ToList();
        Assert.Equal(2, unreadable.Select(problem => problem.Task).Distinct().Count());
        Assert.All(unreadable, problem =>
        {
            Assert.Equal(TaskPrompts.Unreadable(problem.Language), problem.Answer);
            Assert.NotEmpty(problem.Reasoning);
            Assert.IsType<UnreadablePicture>(problem.Picture);
        });
    }

    [Fact]
    public void What_cannot_be_solved_is_transcribed_with_a_word_about_it()
    {
        var inVain = Problems.Where(problem => problem is { Task: ProblemTask.Solve, Kind: ProblemKind.Columns or ProblemKind.MathLine }).ToList();
        Assert.NotEmpty(inVain);
        Assert.All(inVain, problem =>
        {
            Assert.NotEmpty(problem.Reasoning);
            Assert.Equal(Said(problem), problem.Answer);
        });
    }

    [Fact]
    public void Pictures_of_mathematics_hold_only_listed_symbols()
    {
        var latex = Problems.Select(problem => problem.Picture).OfType<MathPicture>().SelectMany(picture => SymbolsOf(picture.Line)).ToHashSet();
        Assert.Empty(latex.Except(MathLineGenerator.Symbols));
        Assert.Empty(MathLineGenerator.Symbols.Except(latex));
    }

    private static IEnumerable<string> SymbolsOf(MathNode? node) => node switch
    {
        Symbol symbol => [symbol.Latex],
        Row row => row.Children.SelectMany(SymbolsOf),
        Fraction fraction => SymbolsOf(fraction.Numerator).Concat(SymbolsOf(fraction.Denominator)),
        Script script => SymbolsOf(script.Base).Concat(SymbolsOf(script.Superscript)).Concat(SymbolsOf(script.Subscript)),
        Radical radical => SymbolsOf(radical.Radicand).Concat(SymbolsOf(radical.Degree)),
        _ => [],
    };

    private static string Said(Problem problem) => problem.Picture switch
    {
        MathPicture math => $"${math.Line.ToLatex()}$",
        ColumnsPicture columns => string.Join('\n', columns.Columns),
        _ => "",
    };

    private static double Share(Func<Problem, bool> condition) => (double)Problems.Count(condition) / Problems.Count;
}
