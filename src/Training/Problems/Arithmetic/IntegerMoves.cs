using System.Globalization;

namespace EduVision.Training.Problems.Arithmetic;

/// <summary>
/// Works out one operation on integers in steps small enough to be done in the head, digit by digit:
/// sums and differences of up to three digits at once and longer ones place by place, products by place value, quotients by long division.
/// </summary>
internal sealed class IntegerMoves(Trace trace)
{
    private const long Group = 1000;

    /// <summary>Works out a sum or difference of signed integers.</summary>
    public void AddOrSubtract(Operator operation, long left, long right)
    {
        var chain = new List<string> { Written(operation, left, right) };
        var plain = WithoutSigns(operation, left, right);
        // Two signs in a row become one.
        if (right < 0) Extend(chain, Written(Flipped(operation), left, -right));
        Extend(chain, plain.ToLatex());
        WorkOut(string.Join('=', chain), plain);
    }

    /// <summary>A sum or difference of signed integers as one of natural numbers, a minus before it where the value is negative: <c>-164+9</c> is <c>-(164-9)</c>.</summary>
    public static NaturalSum WithoutSigns(Operator operation, long left, long right)
    {
        var addend = operation == Operator.Add ? right : -right;
        if (left >= 0 && addend >= 0) return new(Operator.Add, left, addend, 1);
        if (left < 0 && addend < 0) return new(Operator.Add, -left, -addend, -1);
        var (positive, negative) = left < 0 ? (addend, -left) : (left, -addend);
        return positive >= negative ? new(Operator.Subtract, positive, negative, 1) : new(Operator.Subtract, negative, positive, -1);
    }

    /// <summary>Adds signed integers up from the left: <c>42-8-42=34-42=-(42-34)=-8</c>.</summary>
    public static string AddUp(IReadOnlyList<long> terms)
    {
        string From(int next) => string.Concat(terms.Skip(next).Select(term => term < 0 ? $"{term}" : $"+{term}"));
        var total = terms[0];
        var chain = new List<string> { total + From(1) };
        for (var i = 1; i < terms.Count; i++)
        {
            Extend(chain, WithoutSigns(Operator.Add, total, terms[i]).ToLatex() + From(i + 1));
            total += terms[i];
            Extend(chain, total + From(i + 1));
        }
        return string.Join('=', chain);
    }

    /// <summary>Works out a product of signed integers.</summary>
    public void Multiply(long left, long right)
    {
        if (left >= 0 && right >= 0)
        {
            MultiplyNaturals(left, right);
            return;
        }
        var (a, b) = (Math.Abs(left), Math.Abs(right));
        if (!IsRecalled(a, b)) MultiplyNaturals(a, b);
        trace.Step($"{Written(Operator.Multiply, left, right)}={left * right}");
    }

    /// <summary>Works out an exact quotient of signed integers.</summary>
    public void DivideExactly(long left, long right)
    {
        var (a, b) = (Math.Abs(left), Math.Abs(right));
        var quotient = a / b;
        var written = Written(Operator.Divide, left, right);
        if (b < 10 && quotient < 10 || b == 1)
        {
            trace.Step($"{written}={left / right}");
            return;
        }
        var parts = Parts(quotient);
        var rest = a;
        foreach (var part in parts)
        {
            var product = $"{Written(Operator.Multiply, b, part)}={ByDigit(b, part)}{b * part}";
            var next = rest - b * part;
            if (next == 0) trace.Step(product);
            else if (rest < Group) trace.Step(product, $"{rest}-{b * part}={next}");
            else
            {
                trace.Step(product);
                WorkOut($"{rest}-{b * part}", new(Operator.Subtract, rest, b * part, 1));
            }
            rest = next;
        }
        var sum = parts.Count > 1 ? string.Join('+', parts) + "=" : "";
        trace.Step(left < 0 || right < 0
            ? [$"{Written(Operator.Divide, a, b)}={sum}{quotient}", $"{written}={left / right}"]
            : new[] { $"{written}={sum}{quotient}" });
    }

    /// <summary>The product of two integers as written, each negative number in brackets unless it comes first.</summary>
    public static string Written(Operator operation, long left, long right) =>
        new Operation(operation, new Number(left), new Number(right)).ToLatex();

    /// <summary>Whether the product is known by heart: one digit by one digit, or a factor of 0 or 1.</summary>
    public static bool IsRecalled(long a, long b) => a < 10 && b < 10 || a <= 1 || b <= 1;

    /// <summary>The chain <c>1500+200+35=</c> that leads from a number times one digit (and zeros) to the product; empty where one part suffices.</summary>
    public static string ByDigit(long number, long factor)
    {
        var parts = Parts(number);
        return parts.Count < 2 || factor <= 1 ? "" : string.Join('+', parts.Select(part => part * factor)) + "=";
    }

    private void MultiplyNaturals(long left, long right)
    {
        var written = Written(Operator.Multiply, left, right);
        var product = left * right;
        if (IsRecalled(left, right))
        {
            trace.Step($"{written}={product}");
            return;
        }
        var splitRight = Parts(right).Count <= Parts(left).Count;
        var (number, factor) = splitRight ? (left, right) : (right, left);
        string Times(long part) => splitRight ? Written(Operator.Multiply, number, part) : Written(Operator.Multiply, part, number);

        var parts = Parts(factor);
        if (parts.Count == 1)
        {
            var digit = LeadingDigit(factor);
            if (digit == factor || Parts(number).Count == 1 || digit == 1)
            {
                trace.Step($"{written}={(digit == factor ? ByDigit(number, factor) : "")}{product}");
                return;
            }
            trace.Step($"{Times(digit)}={ByDigit(number, digit)}{number * digit}", $"{written}={product}");
            return;
        }
        trace.Step($"{written}={string.Join('+', parts.Select(Times))}");
        var known = new HashSet<long> { 1 };
        foreach (var part in parts)
        {
            var digit = LeadingDigit(part);
            var (worked, shifted) = ($"{Times(digit)}={ByDigit(number, digit)}{number * digit}", $"{Times(part)}={number * part}");
            if (!known.Add(digit)) trace.Step(shifted);
            else if (digit == part) trace.Step(worked);
            else trace.Step(worked, shifted);
        }
        Total(written, [.. parts.Select(part => part * number)]);
    }

    private void Total(string written, List<long> terms)
    {
        if (terms.Sum() < Group)
        {
            trace.Step($"{written}={string.Join('+', terms)}={terms.Sum()}");
            return;
        }
        trace.Step($"{written}={string.Join('+', terms)}");
        var total = terms[0];
        foreach (var term in terms.Skip(1))
        {
            WorkOut($"{total}+{term}", new(Operator.Add, total, term, 1));
            total += term;
        }
    }

    private void WorkOut(string written, NaturalSum sum)
    {
        if (sum.Left < Group && sum.Right < Group) trace.Step($"{written}={sum.Value}");
        else ByPlace(written, sum.Left >= sum.Right ? sum : sum with { Left = sum.Right, Right = sum.Left });
    }

    /// <summary>The smaller number's places one after the other, the largest first: <c>15740+4722=19740+722=20440+22=20460+2=20462</c>.</summary>
    private void ByPlace(string written, NaturalSum sum)
    {
        var sign = sum.Operator == Operator.Add ? 1 : -1;
        var (total, rest) = (sum.Left, sum.Right);
        var chain = sum.Sign > 0 ? [.. written.Split('=')] : new List<string>();
        Extend(chain, sum.Unsigned.ToLatex());
        foreach (var part in Parts(sum.Right))
        {
            total += sign * part;
            rest -= part;
            Extend(chain, rest == 0 ? $"{total}" : new NaturalSum(sum.Operator, total, rest, 1).ToLatex());
        }
        if (sum.Sign > 0) trace.Step(string.Join('=', chain));
        else trace.Step(string.Join('=', chain), $"{written}={sum.Value}");
    }

    private static Operator Flipped(Operator operation) => operation == Operator.Add ? Operator.Subtract : Operator.Add;

    private static void Extend(List<string> chain, string next)
    {
        if (chain.Count == 0 || chain[^1] != next) chain.Add(next);
    }

    /// <summary>The place-value parts of a number, the largest first: 305 is 300 and 5.</summary>
    private static List<long> Parts(long number)
    {
        var parts = new List<long>();
        for (var place = 1L; place <= number; place *= 10)
        {
            var digit = number / place % 10;
            if (digit > 0) parts.Insert(0, digit * place);
        }
        return parts;
    }

    private static long LeadingDigit(long part) => part.ToString(CultureInfo.InvariantCulture)[0] - '0';
}

/// <summary>A sum or difference of natural numbers, the larger first in a difference, with a sign before the whole.</summary>
internal readonly record struct NaturalSum(Operator Operator, long Left, long Right, int Sign)
{
    public long Value => Sign * (Operator == Operator.Add ? Left + Right : Left - Right);

    public Expression ToExpression() => Sign < 0 ? new Negation(Unsigned) : Unsigned;

    public string ToLatex() => ToExpression().ToLatex();

    /// <summary>Without the sign before the whole.</summary>
    public Operation Unsigned => new(Operator, new Number(Left), new Number(Right));
}
