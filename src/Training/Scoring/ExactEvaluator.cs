using System.Collections.Immutable;
using System.Globalization;
using System.Numerics;
using EduVision.Training.Notation;

namespace EduVision.Training.Scoring;

/// <summary>
/// The exact value of a LaTeX expression in integers, decimals, fractions, <c>+ - \times \div</c>, brackets, whole powers, and x.
/// It shares no code with the generators, so that it can check them.
/// </summary>
public static class ExactEvaluator
{
    /// <summary>The value of an expression.</summary>
    /// <param name="latex">An expression without <c>=</c>; math delimiters around it are ignored.</param>
    /// <param name="x">What x stands for; without it an x is an error.</param>
    /// <exception cref="FormatException">The text is no such expression.</exception>
    /// <exception cref="DivideByZeroException">It divides by zero.</exception>
    public static Rational Evaluate(string latex, Rational? x = null) => new Parser(LatexTokens.Split(latex), x).Whole();

    /// <summary>Whether all sides of <c>a=b=c</c> have the same value.</summary>
    /// <exception cref="FormatException">A side is no expression.</exception>
    public static bool Holds(string statement, Rational? x = null)
    {
        var values = LatexTokens.WithoutDelimiters(statement).Split('=').Select(side => Evaluate(side, x)).ToList();
        return values.TrueForAll(value => value == values[0]);
    }

    /// <summary>The value of a result: what follows the last <c>=</c>, which has to be a plain number, not something left to work out.</summary>
    /// <returns>Null where there is no such number.</returns>
    public static Rational? Result(string latex)
    {
        var text = LatexTokens.WithoutDelimiters(latex);
        var tokens = LatexTokens.Split(text[(text.LastIndexOf('=') + 1)..]);
        var digitsAndSigns = tokens.All(token => token is @"\frac" or "{" or "}" or "-" or "." || char.IsAsciiDigit(token[0]));
        if (!digitsAndSigns || tokens.Count(token => token == @"\frac") > 1 || tokens.Skip(1).Contains("-")) return null;
        try
        {
            return new Parser(tokens, null).Whole();
        }
        catch (Exception fault) when (fault is FormatException or DivideByZeroException)
        {
            return null;
        }
    }

    private sealed class Parser(ImmutableArray<string> tokens, Rational? x)
    {
        private int _next;

        private string? Current => _next < tokens.Length ? tokens[_next] : null;

        private bool AtDigit => Current is { } token && char.IsAsciiDigit(token[0]);

        public Rational Whole()
        {
            var value = Sum();
            return Current is null ? value : throw Unexpected();
        }

        private Rational Sum()
        {
            var negative = Current == "-";
            if (Current is "-" or "+") _next++;
            var value = negative ? -Product() : Product();
            while (Current is "+" or "-")
            {
                var isSum = Current == "+";
                _next++;
                var term = Product();
                value = isSum ? value + term : value - term;
            }
            return value;
        }

        private Rational Product()
        {
            var value = Juxtaposed();
            while (Current is @"\times" or @"\div" or "*" or "/")
            {
                var isProduct = Current is @"\times" or "*";
                _next++;
                var factor = Juxtaposed();
                value = isProduct ? value * factor : value / factor;
            }
            return value;
        }

        private Rational Juxtaposed()
        {
            var startsWithDigit = AtDigit;
            var value = Power();
            while (Current is "x" or "(" or @"\frac")
            {
                if (startsWithDigit && Current == @"\frac")
                    throw new FormatException($"A number directly before a fraction may be a mixed number or a product: {string.Concat(tokens)}");
                startsWithDigit = false;
                value *= Power();
            }
            return value;
        }

        private Rational Power()
        {
            var value = Factor();
            if (Current != "^") return value;
            _next++;
            var exponent = Factor();
            if (!exponent.IsInteger || exponent.Sign < 0 || exponent > 64) throw new FormatException($"The power {exponent} is not supported: {string.Concat(tokens)}");
            return new Rational(BigInteger.Pow(value.Numerator, (int)exponent.Numerator), BigInteger.Pow(value.Denominator, (int)exponent.Numerator));
        }

        private Rational Factor()
        {
            if (AtDigit) return Decimal();
            switch (Current)
            {
                case "x" when x is { } known:
                    _next++;
                    return known;
                case "(":
                    return Enclosed("(", ")");
                case "{":
                    return Enclosed("{", "}");
                case @"\frac":
                    _next++;
                    var numerator = Enclosed("{", "}");
                    return numerator / Enclosed("{", "}");
                default:
                    throw Unexpected();
            }
        }

        private Rational Enclosed(string open, string close)
        {
            Expect(open);
            var value = Sum();
            Expect(close);
            return value;
        }

        private Rational Decimal()
        {
            var digits = "";
            var places = 0;
            var pointSeen = false;
            while (AtDigit || Current == "." && !pointSeen)
            {
                if (Current == ".") pointSeen = true;
                else
                {
                    digits += Current;
                    if (pointSeen) places++;
                }
                _next++;
            }
            return new Rational(BigInteger.Parse(digits, CultureInfo.InvariantCulture), BigInteger.Pow(10, places));
        }

        private void Expect(string token)
        {
            if (Current != token) throw Unexpected();
            _next++;
        }

        private FormatException Unexpected() =>
            new($"Expected a number, x, a fraction or a bracket at token {_next + 1} ('{Current ?? "end"}') of {string.Join(' ', tokens)}.");
    }
}
