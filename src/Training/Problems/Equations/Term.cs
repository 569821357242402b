using System.Numerics;
using EduVision.Training.Notation;
using EduVision.Training.Problems.Arithmetic;

namespace EduVision.Training.Problems.Equations;

/// <summary>
/// One term of a side: <c>Scale · (Slope x + Constant)</c>. A plain number has slope 0 and constant 1, a plain multiple of x slope 1 and constant 0;
/// everything else is a bracket, or a fraction bar when <paramref name="IsBar"/> (then the scale is one over an integer).
/// </summary>
internal sealed record Term(Rational Scale, long Slope, long Constant, bool IsBar = false)
{
    public bool IsNumber => Slope == 0;

    public bool IsMultipleOfX => Constant == 0 && !IsBar;

    public bool HasX => Slope != 0;

    /// <summary>The coefficient of x.</summary>
    public Rational XCoefficient => Scale * Slope;

    /// <summary>The part without x.</summary>
    public Rational ConstantPart => Scale * Constant;

    public static Term Of(Rational number) => new(number, 0, 1);

    public static Term OfX(Rational coefficient) => new(coefficient, 1, 0);

    public static Term Bracket(long scale, long slope, long constant) => new(scale, slope, constant);

    public static Term Bar(long slope, long constant, long denominator) => new(new Rational(1, denominator), slope, constant, IsBar: true);

    public Term Negated() => this with { Scale = -Scale };

    /// <summary>The term times a number that clears its denominator.</summary>
    public Term Times(long factor)
    {
        var scaled = this with { Scale = Scale * factor, IsBar = false };
        return scaled.Constant == 0 ? OfX(scaled.XCoefficient) : scaled;
    }

    /// <summary>The absolute value of the term's sign and scale, as an expression: the sign is written by the sum around it.</summary>
    public Expression Magnitude()
    {
        var scale = Scale.Sign < 0 ? -Scale : Scale;
        if (IsNumber) return Number.Of(scale);
        if (IsBar) return new Operation(Operator.Over, Linear(Slope, Constant), Number.Of(new Rational(scale.Denominator, scale.Numerator)));
        var inner = Constant == 0 ? new Unknown() : Linear(Slope, Constant);
        return scale == 1 ? inner : new Operation(Operator.Juxtapose, Number.Of(scale), inner);
    }

    private static Expression Linear(long slope, long constant)
    {
        Expression x = Math.Abs(slope) == 1 ? new Unknown() : new Operation(Operator.Juxtapose, new Number(Math.Abs(slope)), new Unknown());
        if (constant == 0) return x;
        // "5-2x" keeps its order: a negative slope comes after the constant.
        return slope < 0 ? new Operation(Operator.Subtract, new Number(constant), x)
            : constant < 0 ? new Operation(Operator.Subtract, x, new Number(-constant))
            : new Operation(Operator.Add, x, new Number(constant));
    }

    /// <summary>The smallest positive integer that clears the denominators of all terms.</summary>
    public static long CommonDenominator(IEnumerable<Term> terms) => terms.Aggregate(1L, (common, term) =>
        common / (long)BigInteger.GreatestCommonDivisor(common, term.Scale.Denominator) * (long)term.Scale.Denominator);
}
