using EduVision.Training.Problems.Arithmetic;
using EduVision.Training.Problems.Equations;

namespace EduVision.Training.Problems;

/// <summary>How often each kind of problem and each language occurs. The numbers are weights: they need not sum to one.</summary>
public sealed record ProblemMix
{
    /// <summary>Arithmetic to solve.</summary>
    public double SolveArithmetic { get; init; } = 0.25;

    /// <summary>Linear equations to solve.</summary>
    public double SolveEquation { get; init; } = 0.14;

    /// <summary>Arithmetic to transcribe.</summary>
    public double TranscribeArithmetic { get; init; } = 0.06;

    /// <summary>Equations to transcribe.</summary>
    public double TranscribeEquation { get; init; } = 0.04;

    /// <summary>General mathematics to transcribe.</summary>
    public double TranscribeMathLine { get; init; } = 0.12;

    /// <summary>Chinese columns and single characters to transcribe.</summary>
    public double TranscribeColumns { get; init; } = 0.38;

    /// <summary>Characters, and mathematics beyond arithmetic and linear equations, with the question to solve them: they are transcribed.</summary>
    public double SolveInVain { get; init; } = 0.02;

    /// <summary>Photos with nothing to read.</summary>
    public double Unreadable { get; init; } = 0.04;

    /// <summary>The share of prompts and traces in Chinese; the rest is English.</summary>
    public double Chinese { get; init; } = 0.6;

    /// <summary>The mix that the bundled model is trained on.</summary>
    public static ProblemMix Default { get; } = new();

    /// <summary>The next problem of a seeded generator.</summary>
    public Problem Sample(Random random)
    {
        var language = random.Chance(Chinese) ? "zh" : "en";
        return random.PickIndex(SolveArithmetic, SolveEquation, TranscribeArithmetic, TranscribeEquation, TranscribeMathLine, TranscribeColumns, Unreadable, SolveInVain) switch
        {
            0 => ArithmeticGenerator.Solve(random, language),
            1 => LinearEquationGenerator.Solve(random, language),
            2 => ArithmeticGenerator.Transcribe(random, language),
            3 => LinearEquationGenerator.Transcribe(random, language),
            4 => MathLineGenerator.Transcribe(random, language),
            5 => ColumnsGenerator.Transcribe(random, language),
            6 => UnreadableGenerator.Ask(random, language),
            _ => random.Chance(0.5) ? ColumnsGenerator.SolveInVain(random, language) : MathLineGenerator.SolveInVain(random, language),
        };
    }

    /// <summary>Problem number <paramref name="index"/> of a data set: the same for the same seed, in any order and on any thread.</summary>
    public Problem Sample(long seed, long index) => Sample(new Random(Mix(seed, index)));

    /// <summary>A seed for one item of a seeded set (SplitMix64's finaliser, so that neighbours share nothing).</summary>
    public static int Mix(long seed, long index)
    {
        var bits = unchecked((ulong)seed * 0x9E3779B97F4A7C15 + (ulong)index + 0x9E3779B97F4A7C15);
        bits = unchecked((bits ^ bits >> 30) * 0xBF58476D1CE4E5B9);
        bits = unchecked((bits ^ bits >> 27) * 0x94D049BB133111EB);
        return (int)(bits ^ bits >> 31) & int.MaxValue;
    }
}
