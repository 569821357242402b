using System.Numerics;
using EduVision.Training.Notation;

namespace EduVision.Training.Problems.Arithmetic;

/// <summary>
/// Lines of arithmetic: two to four operands, integers to three digits and fractions, with brackets where the shape needs them.
/// Products of two three-digit numbers occur alone, so that every trace stays short.
/// </summary>
public static class ArithmeticGenerator
{
    private const long LargestProduct = 9999, LargestDividend = 999, LargestNumerator = 999, LargestDenominator = 999;

    /// <summary>A line to solve.</summary>
    public static Problem Solve(Random random, string language)
    {
        var (expression, line) = Next(random);
        var latex = line.ToLatex();
        var (reasoning, value) = ArithmeticSolver.Solve(expression, latex, language);
        return new Problem(ProblemKind.Arithmetic, ProblemTask.Solve, language, new MathPicture(line),
            Prompts.For(ProblemTask.Solve, language, random), reasoning, $"${expression.ToLatex()}={value}$", value.ToString());
    }

    /// <summary>A line to transcribe.</summary>
    public static Problem Transcribe(Random random, string language) =>
        MathLineGenerator.Transcription(ProblemKind.Arithmetic, Next(random).Line, random, language);

    private static (Expression Expression, Row Line) Next(Random random)
    {
        Expression expression;
        do expression = Draw(random);
        while (!IsBounded(expression, isWhole: true));
        var line = expression.ToMath();
        // Most photos end in "=", some in "=?", some in nothing.
        line = random.PickIndex(0.6, 0.28, 0.12) switch
        {
            0 => new Row(line.Children.Add(new Symbol("="))),
            1 => line,
            _ => new Row(line.Children.AddRange(new Symbol("="), new Symbol("?"))),
        };
        return (expression, line);
    }

    private static Expression Draw(Random random) => random.PickIndex(0.47, 0.18, 0.09, 0.16, 0.06, 0.04) switch
    {
        0 => TwoIntegers(random),
        1 => Tree(random, 3, Integer),
        2 => Tree(random, 4, Integer),
        3 => TwoFractions(random),
        4 => Tree(random, 3, random => random.Chance(0.6) ? ProperFraction(random) : SmallInteger(random)),
        _ => Tree(random, random.Next(2, 4), random => random.Chance(0.4) ? Negative(Integer(random)) : Integer(random)),
    };

    private static Operation TwoIntegers(Random random)
    {
        Number Any() => new(random.Chance(0.01) ? 0 : random.WholeNumber(0.25, 0.4, 0.35));
        return random.PickIndex(0.28, 0.24, 0.28, 0.2) switch
        {
            0 => new Operation(Operator.Add, Any(), Any()),
            1 => Descending(random, Any(), Any()),
            2 => new Operation(Operator.Multiply, Any(), Any()),
            _ => Quotient(random),
        };
    }

    private static Operation Descending(Random random, Number a, Number b) =>
        random.Chance(0.8) && a.Numerator < b.Numerator ? new Operation(Operator.Subtract, b, a) : new Operation(Operator.Subtract, a, b);

    private static Operation Quotient(Random random)
    {
        if (random.Chance(0.15)) return new Operation(Operator.Divide, new Number(random.WholeNumber(0.3, 0.7, 0)), new Number(random.Next(2, 31)));
        var divisor = random.WholeNumber(0.6, 0.35, 0.05);
        return new Operation(Operator.Divide, new Number(divisor * random.Next(1, (int)(999 / divisor) + 1)), new Number(divisor));
    }

    private static Operation TwoFractions(Random random)
    {
        var operation = (Operator)random.Next(4);
        var (left, right) = random.PickIndex(0.7, 0.15, 0.15) switch
        {
            0 => (ProperFraction(random), ProperFraction(random)),
            1 => (ProperFraction(random), SmallInteger(random)),
            _ => (SmallInteger(random), ProperFraction(random)),
        };
        // Like denominators come first in every schoolbook.
        if (operation is Operator.Add or Operator.Subtract && !left.IsInteger && random.Chance(0.25))
            right = new Number(random.Next(1, (int)left.Denominator), left.Denominator);
        return new Operation(operation, left, right);
    }

    /// <summary>A random shape with this many leaves; a division of a leaf is made exact most of the time.</summary>
    private static Expression Tree(Random random, int leaves, Func<Random, Number> leaf)
    {
        if (leaves == 1) return leaf(random);
        // Leaning left is what lines without brackets look like.
        var rightLeaves = random.Chance(0.6) ? 1 : random.Next(1, leaves);
        var left = Tree(random, leaves - rightLeaves, leaf);
        var right = Tree(random, rightLeaves, leaf);
        var operation = random.PickIndex(0.32, 0.26, 0.27, 0.15) switch
        {
            0 => Operator.Add,
            1 => Operator.Subtract,
            2 => Operator.Multiply,
            _ => Operator.Divide,
        };
        if (operation == Operator.Divide && left is Number { IsInteger: true } && right is Number { IsInteger: true, Numerator: > 0 and < 100 } divisor)
            left = new Number(divisor.Numerator * random.Next(1, (int)(999 / divisor.Numerator) + 1));
        return new Operation(operation, left, right);
    }

    private static Number Integer(Random random) => new(random.WholeNumber(0.45, 0.42, 0.13));

    private static Number SmallInteger(Random random) => new(random.Next(1, random.Chance(0.7) ? 10 : 21));

    private static Number Negative(Number number) => new(-number.Numerator, number.Denominator);

    private static Number ProperFraction(Random random)
    {
        var denominator = random.Next(2, random.Chance(0.8) ? 11 : 21);
        return new Number(random.Next(1, random.Chance(0.8) ? denominator : 2 * denominator + 1), denominator);
    }

    /// <summary>Whether every intermediate value stays small enough for a short trace, and no division is by zero.</summary>
    private static bool IsBounded(Expression expression, bool isWhole)
    {
        if (expression is not Operation operation) return true;
        if (!IsBounded(operation.Left, false) || !IsBounded(operation.Right, false)) return false;
        var (left, right) = (ArithmeticSolver.Evaluate(operation.Left), ArithmeticSolver.Evaluate(operation.Right));
        if (operation.Operator == Operator.Divide && right.Sign == 0) return false;
        var value = ArithmeticSolver.Evaluate(operation);
        if (!value.IsInteger || !left.IsInteger || !right.IsInteger)
            return BigInteger.Abs(value.Numerator) <= LargestNumerator && value.Denominator <= LargestDenominator
                && BigInteger.Abs(left.Numerator * right.Numerator) <= LargestProduct && BigInteger.Abs(left.Denominator * right.Denominator) <= LargestDenominator
                && CrossTermsAreSmall(left, right);
        var isLone = isWhole && operation is { Left: Number, Right: Number };
        if (operation.Operator == Operator.Divide && BigInteger.Abs(left.Numerator) > LargestDividend) return false;
        return isLone || BigInteger.Abs(value.Numerator) <= LargestProduct && BigInteger.Abs(left.Numerator) <= LargestProduct;
    }

    private static bool CrossTermsAreSmall(Rational left, Rational right) =>
        BigInteger.Abs(left.Numerator * right.Denominator) <= LargestNumerator && BigInteger.Abs(right.Numerator * left.Denominator) <= LargestNumerator;
}
