using System.Collections.Immutable;
using EduVision.Training.Notation;
using EduVision.Training.Scoring;

namespace EduVision.Training.Problems;

/// <summary>Lines of mathematics that are read, not solved: letters, scripts, roots, nested fractions, a few Greek letters, relations.</summary>
public static class MathLineGenerator
{
    private static readonly ImmutableArray<string> Letters = ["x", "y", "z", "a", "b", "c", "n", "m", "k", "t"];
    private static readonly ImmutableArray<string> Greek = [@"\alpha", @"\beta", @"\theta", @"\pi", @"\lambda"];
    private static readonly ImmutableArray<string> Relations = ["=", "=", "=", "=", "<", ">", @"\leq", @"\geq", @"\neq"];
    private static readonly ImmutableArray<string> Signs = ["+", "+", "+", "+", "-", "-", "-", "-", @"\times", @"\times", @"\div", @"\pm"];

    /// <summary>Every symbol a picture of mathematics can hold; a renderer draws all of these.</summary>
    public static ImmutableArray<string> Symbols { get; } =
    [
        .. "0123456789".Select(digit => digit.ToString()), .. Letters, .. Greek, .. Relations.Distinct(), .. Signs.Distinct(), "(", ")", "?",
    ];

    /// <summary>A line to transcribe.</summary>
    public static Problem Transcribe(Random random, string language) =>
        Transcription(ProblemKind.MathLine, Next(random), random, language);

    /// <summary>A line that the model can read but not solve, with the question to solve it: the answer transcribes and says so.</summary>
    public static Problem SolveInVain(Random random, string language)
    {
        Row line;
        do line = Next(random);
        while (!IsBeyondSolving(line.ToLatex()));
        return InVain(Transcription(ProblemKind.MathLine, line, random, language), random);
    }

    /// <summary>The same picture with the question to solve it, which the reasoning declines.</summary>
    internal static Problem InVain(Problem transcription, Random random) => transcription with
    {
        Task = ProblemTask.Solve,
        Prompt = Prompts.For(ProblemTask.Solve, transcription.Language, random),
        Reasoning = Wording.In(transcription.Language).NothingToSolve,
    };

    /// <summary>Whether it holds what neither arithmetic nor a linear equation in x has, so that nobody could take it for one.</summary>
    private static bool IsBeyondSolving(string latex) =>
        LatexTokens.Split(latex).Any(token => token is "^" or @"\sqrt" || token != "x" && (Letters.Contains(token) || Greek.Contains(token)));

    internal static Problem Transcription(ProblemKind kind, Row line, Random random, string language)
    {
        var latex = line.ToLatex();
        return new Problem(kind, ProblemTask.Transcribe, language, new MathPicture(line),
            Prompts.For(ProblemTask.Transcribe, language, random), "", $"${latex}$", latex);
    }

    private static Row Next(Random random)
    {
        var symbols = new List<MathNode>();
        Side(random, symbols, random.Next(1, 5), depth: 2);
        if (random.Chance(0.45))
        {
            symbols.Add(new Symbol(random.Pick(Relations)));
            Side(random, symbols, random.Next(1, 3), depth: 1);
        }
        return new Row(symbols);
    }

    /// <summary>A sum of terms; <paramref name="depth"/> bounds how deep fractions, roots and brackets nest.</summary>
    private static void Side(Random random, List<MathNode> symbols, int terms, int depth)
    {
        if (random.Chance(0.12)) symbols.Add(new Symbol("-"));
        for (var i = 0; i < terms; i++)
        {
            if (i > 0) symbols.Add(new Symbol(random.Pick(Signs)));
            Term(random, symbols, depth);
        }
    }

    private static void Term(Random random, List<MathNode> symbols, int depth)
    {
        switch (random.PickIndex(0.3, 0.3, 0.12, depth * 0.1, depth * 0.09, depth * 0.05))
        {
            case 0:
                Number(random, symbols);
                break;
            case 1:
                if (random.Chance(0.55)) Number(random, symbols);
                symbols.Add(Scripted(random, Letter(random)));
                if (random.Chance(0.25)) symbols.Add(Scripted(random, Letter(random)));
                break;
            case 2:
                symbols.Add(new Script(new Row(Arithmetic.Number.Digits(random.Next(2, 13))), new Symbol($"{random.Next(2, 10)}")));
                break;
            case 3:
                symbols.Add(new Fraction(Part(random, depth), Part(random, depth)));
                break;
            case 4:
                symbols.Add(new Radical(Part(random, depth), random.Chance(0.15) ? new Symbol("3") : null));
                break;
            default:
                symbols.Add(new Symbol("("));
                Side(random, symbols, random.Next(2, 4), depth - 1);
                symbols.Add(new Symbol(")"));
                break;
        }
    }

    private static Row Part(Random random, int depth)
    {
        var symbols = new List<MathNode>();
        Side(random, symbols, random.Chance(0.6) ? 1 : 2, depth - 1);
        return new Row(symbols);
    }

    private static void Number(Random random, List<MathNode> symbols) =>
        symbols.AddRange(Arithmetic.Number.Digits(random.WholeNumber(0.5, 0.35, 0.15)));

    private static Symbol Letter(Random random) => new(random.Chance(0.12) ? random.Pick(Greek) : random.Pick(Letters));

    private static MathNode Scripted(Random random, Symbol letter) => random.PickIndex(0.55, 0.27, 0.13, 0.05) switch
    {
        0 => letter,
        1 => new Script(letter, Raised(random)),
        2 => new Script(letter, null, Lowered(random)),
        _ => new Script(letter, Raised(random), Lowered(random)),
    };

    private static MathNode Raised(Random random) => random.PickIndex(0.7, 0.15, 0.15) switch
    {
        0 => new Symbol($"{random.Next(2, 10)}"),
        1 => new Symbol(random.Chance(0.7) ? "n" : random.Pick(Letters)),
        _ => new Row(new Symbol("n"), new Symbol(random.Chance(0.5) ? "+" : "-"), new Symbol($"{random.Next(1, 4)}")),
    };

    private static Symbol Lowered(Random random) => new(random.Chance(0.75) ? $"{random.Next(0, 10)}" : random.Chance(0.6) ? "n" : random.Pick(Letters));
}
