using System.Collections.Immutable;
using System.Numerics;
using EduVision.Training.Notation;

namespace EduVision.Training.Problems.Equations;

/// <summary>Linear equations in x with one solution: x on one side or both, brackets, fraction bars, fractional coefficients; solutions whole, negative and fractional.</summary>
public static class LinearEquationGenerator
{
    private const int LargestConstant = 150;

    /// <summary>An equation to solve.</summary>
    public static Problem Solve(Random random, string language)
    {
        var equation = Next(random);
        var solution = $"x={equation.Solution!.Value}";
        return new Problem(ProblemKind.Equation, ProblemTask.Solve, language, new MathPicture(equation.ToMath()),
            Prompts.For(ProblemTask.Solve, language, random), LinearEquationSolver.Solve(equation, language), $"${solution}$", solution);
    }

    /// <summary>An equation to transcribe.</summary>
    public static Problem Transcribe(Random random, string language) =>
        MathLineGenerator.Transcription(ProblemKind.Equation, Next(random).ToMath(), random, language);

    private static LinearEquation Next(Random random)
    {
        while (true)
        {
            var x = Solution(random);
            var equation = Draw(random, x);
            if (equation is null || equation.Solution != x) continue;
            return random.Chance(0.1) ? new LinearEquation(equation.Right, equation.Left) : equation;
        }
    }

    private static Rational Solution(Random random)
    {
        var sign = random.Chance(0.27) ? -1 : 1;
        if (random.Chance(0.4)) return new Rational(sign * random.Next(1, 20), random.Next(2, 7));
        return sign * random.Next(random.Chance(0.04) ? 0 : 1, random.Chance(0.75) ? 13 : 31);
    }

    /// <summary>An equation that <paramref name="x"/> solves, or null where these coefficients need a constant that is not whole or too large.</summary>
    private static LinearEquation? Draw(Random random, Rational x)
    {
        long a = Coefficient(random), b = Constant(random), c = Coefficient(random), d = Constant(random);
        var p = random.Next(2, random.Chance(0.85) ? 7 : 11);
        var q = random.Next(2, 7);
        return random.PickIndex(6, 6, 16, 6, 16, 7, 10, 6, 6, 8, 7, 5, 5, 4, 5, 3) switch
        {
            0 => Closed([X(1), Of(b)], [], x),
            1 => a == 1 ? null : Closed([X(a)], [], x),
            2 => Closed([X(a), Of(b)], [], x),
            3 => Closed([Of(Math.Abs(b)), X(-a)], [], x),
            4 => Closed([X(a), Of(b)], [X(c)], x),
            5 => Closed([Term.Bracket(p, 1, b)], [], x),
            6 => Closed([Term.Bracket(p, 1, b)], [X(c)], x),
            7 => random.Chance(0.5) ? Closed([Term.Bracket(p, 1, b), Of(d)], [], x) : Closed([Of(Math.Abs(d)), Term.Bracket(-p, 1, b)], [], x),
            8 => ClosedInside(p, a, b, q, Math.Abs(c), x),
            9 => Closed([Term.Bar(1, 0, p), Of(b)], [], x),
            10 => Closed([Term.Bar(random.Chance(0.5) ? 1 : Math.Abs(a), b, p)], [], x),
            11 => Closed([Term.Bar(1, 0, p), random.Chance(0.6) ? Term.Bar(1, 0, q) : Term.Bar(1, 0, q).Negated()], [], x),
            12 => Closed([Term.OfX(new Rational(random.Next(1, 6), p)), Of(b)], [], x),
            13 => Closed([Term.Bar(1, b, p), Term.Bar(1, d, q).Negated()], [], x),
            14 => random.Chance(0.5) ? Closed([X(a), X(c)], [], x) : Closed([X(a), X(c), Of(b)], [], x),
            _ => WithFractions([X(random.Chance(0.6) ? 1 : q)], new Rational(random.Next(1, p), p), x),
        };
    }

    /// <summary>Adds to the right side the whole number that makes <paramref name="x"/> the solution.</summary>
    private static LinearEquation? Closed(ImmutableArray<Term> left, ImmutableArray<Term> right, Rational x)
    {
        var constant = Value(left, x) - Value(right, x);
        if (!constant.IsInteger || BigInteger.Abs(constant.Numerator) > LargestConstant) return null;
        return new LinearEquation(left, constant.Sign == 0 && right.Length > 0 ? right : right.Add(Term.Of(constant)));
    }

    /// <summary><c>p(ax+b)=q(cx+?)</c>: the constant inside the second bracket is the free one.</summary>
    private static LinearEquation? ClosedInside(long p, long a, long b, long q, long c, Rational x)
    {
        var constant = x * p * a / q + new Rational(p * b, q) - x * c;
        if (!constant.IsInteger || constant.Sign == 0 || BigInteger.Abs(constant.Numerator) > 30 || a < 0) return null;
        return new LinearEquation([Term.Bracket(p, a, b)], [Term.Bracket(q, c, (long)constant.Numerator)]);
    }

    /// <summary>A fraction on both sides: <c>x+\frac{1}{2}=\frac{3}{4}</c>.</summary>
    private static LinearEquation? WithFractions(ImmutableArray<Term> left, Rational fraction, Rational x)
    {
        left = left.Add(Term.Of(fraction));
        var constant = Value(left, x);
        return constant.Denominator > 12 || BigInteger.Abs(constant.Numerator) > 60 ? null : new LinearEquation(left, [Term.Of(constant)]);
    }

    private static Rational Value(ImmutableArray<Term> terms, Rational x) => LinearEquation.Sum(terms, term => term.XCoefficient * x + term.ConstantPart);

    private static Term X(Rational coefficient) => Term.OfX(coefficient);

    private static Term Of(Rational number) => Term.Of(number);

    private static long Coefficient(Random random)
    {
        var size = random.Next(2, random.Chance(0.85) ? 10 : 16);
        return random.Chance(0.12) ? -size : random.Chance(0.06) ? 1 : size;
    }

    private static long Constant(Random random)
    {
        var size = random.Next(1, random.Chance(0.75) ? 21 : 100);
        return random.Chance(0.45) ? -size : size;
    }
}
