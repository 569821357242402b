using System.Collections.Immutable;
using EduVision.Training.Notation;
using EduVision.Training.Problems.Arithmetic;

namespace EduVision.Training.Problems.Equations;

/// <summary>A linear equation in x, term by term as it is written.</summary>
internal sealed record LinearEquation(ImmutableArray<Term> Left, ImmutableArray<Term> Right)
{
    public Row ToMath() => new([.. Side(Left).ToMath().Children, new Symbol("="), .. Side(Right).ToMath().Children]);

    public string ToLatex() => ToMath().ToLatex();

    /// <summary>The one value of x; null where there is none or every value fits.</summary>
    public Rational? Solution
    {
        get
        {
            var coefficient = Sum(Left, term => term.XCoefficient) - Sum(Right, term => term.XCoefficient);
            var constant = Sum(Right, term => term.ConstantPart) - Sum(Left, term => term.ConstantPart);
            return coefficient.Sign == 0 ? null : constant / coefficient;
        }
    }

    public LinearEquation Select(Func<Term, IEnumerable<Term>> change) => new([.. Left.SelectMany(change)], [.. Right.SelectMany(change)]);

    /// <summary>A side as an expression; an empty one is 0.</summary>
    public static Expression Side(ImmutableArray<Term> terms)
    {
        if (terms.IsEmpty) return new Number(0);
        var first = terms[0];
        var side = first.Scale.Sign >= 0 ? first.Magnitude() : first.IsNumber ? Number.Of(first.Scale) : new Negation(first.Magnitude());
        return terms.Skip(1).Aggregate(side, (sum, term) =>
            new Operation(term.Scale.Sign < 0 ? Operator.Subtract : Operator.Add, sum, term.Magnitude()));
    }

    public static Rational Sum(IEnumerable<Term> terms, Func<Term, Rational> part) =>
        terms.Aggregate((Rational)0, (sum, term) => sum + part(term));
}
