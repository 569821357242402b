using System.Globalization;

namespace EduVision.Training.Problems.Arithmetic;

/// <summary>
/// Works out one operation on integers in steps small enough to be done in the head, digit by digit:
/// sums and differences of up to three digits at once and longer ones by groups of three digits, products by place value, quotients by long division.
/// </summary>
internal sealed class IntegerMoves(Trace trace)
{
    private const long Group = 1000;

    /// <summary>Works out a sum or difference of signed integers.</summary>
    public void AddOrSubtract(Operator operation, long left, long right)
    {
        var chain = new List<string> { Written(operation, left, right) };
        // Two signs in a row become one.
        var addend = operation == Operator.Add ? right : -right;
        var value = left + addend;
        if (left >= 0 && value >= 0)
        {
            var simple = addend >= 0 ? Operator.Add : Operator.Subtract;
            Extend(chain, Written(simple, left, Math.Abs(addend)));
            Finish(chain, simple, left, Math.Abs(addend), sign: 1);
            return;
        }
        if (right < 0) Extend(chain, Written(addend >= 0 ? Operator.Add : Operator.Subtract, left, Math.Abs(addend)));
        if (left < 0 && addend < 0)
        {
            Finish(chain, Operator.Add, -left, -addend, sign: -1);
        }
        else if (value >= 0)
        {
            // Only a negative number plus a larger one is left here.
            Finish(chain, Operator.Subtract, addend, -left, sign: 1);
        }
        else
        {
            var (larger, smaller) = left < 0 ? (-left, addend) : (-addend, left);
            Finish(chain, Operator.Subtract, larger, smaller, sign: -1);
        }
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
                SubtractNaturals($"{rest}-{b * part}", rest, b * part, sign: 1);
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
        foreach (var digit in parts.Select(LeadingDigit).Where(digit => digit > 1).Distinct())
            trace.Step($"{Times(digit)}={ByDigit(number, digit)}{number * digit}");
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
            AddNaturals($"{total}+{term}", total, term, sign: 1);
            total += term;
        }
    }

    private void Finish(List<string> chain, Operator operation, long larger, long smaller, int sign)
    {
        var inner = Written(operation, larger, smaller);
        Extend(chain, sign < 0 ? $"-({inner})" : inner);
        var written = string.Join('=', chain);
        if (operation == Operator.Add) AddNaturals(written, larger, smaller, sign);
        else SubtractNaturals(written, larger, smaller, sign);
    }

    private void AddNaturals(string written, long a, long b, int sign)
    {
        var statements = new List<string>();
        if (a >= Group || b >= Group)
        {
            var (lowA, lowB, highA, highB) = (a % Group, b % Group, a / Group, b / Group);
            var carry = (lowA + lowB) / Group;
            if (lowA > 0 && lowB > 0) statements.Add($"{lowA}+{lowB}={lowA + lowB}");
            long[] highs = [.. new[] { highA, highB, carry }.Where(part => part > 0)];
            if (highs.Length > 1) statements.Add($"{string.Join('+', highs)}={highs.Sum()}");
        }
        statements.Add($"{written}={sign * (a + b)}");
        trace.Step(statements);
    }

    private void SubtractNaturals(string written, long a, long b, int sign)
    {
        var statements = new List<string>();
        if (a >= Group)
        {
            var (lowA, lowB, highA, highB) = (a % Group, b % Group, a / Group, b / Group);
            var borrow = lowA < lowB ? 1 : 0;
            if (lowB > 0) statements.Add($"{lowA + borrow * Group}-{lowB}={lowA + borrow * Group - lowB}");
            long[] taken = [.. new[] { borrow, highB }.Where(part => part > 0)];
            if (taken.Length > 0) statements.Add($"{highA}-{string.Join('-', taken)}={highA - taken.Sum()}");
        }
        statements.Add($"{written}={sign * (a - b)}");
        trace.Step(statements);
    }

    private static void Extend(List<string> chain, string next)
    {
        if (chain[^1] != next) chain.Add(next);
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
