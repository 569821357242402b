using System.Numerics;

namespace EduVision.Training.Problems.Arithmetic;

/// <summary>Works out one operation on fractions (or integers that meet one): common denominators, products, reciprocals, and reduction by one prime at a time.</summary>
internal sealed class FractionMoves(Trace trace)
{
    /// <summary>Writes the steps of the operation and returns its reduced value.</summary>
    public Number WorkOut(Operator operation, Number left, Number right)
    {
        var written = new Operation(operation, left, right).ToLatex();
        return operation switch
        {
            Operator.Add or Operator.Subtract => AddOrSubtract(written, operation, left, right),
            Operator.Multiply => Multiply(written, left, right),
            _ when left.IsInteger && right.IsInteger => Reduce([written], left.Numerator, right.Numerator),
            _ => Divide(written, left, right),
        };
    }

    /// <summary>The chain from an unreduced fraction down to its value: <c>\frac{84}{36}</c>, <c>\frac{42}{18}</c>, <c>\frac{21}{9}</c>, <c>\frac{7}{3}</c>.</summary>
    public static List<Number> Reductions(long numerator, long denominator)
    {
        if (denominator < 0) (numerator, denominator) = (-numerator, -denominator);
        var chain = new List<Number>();
        if (numerator == 0) return [new Number(0)];
        chain.Add(new Number(numerator, denominator));
        for (var prime = SmallestCommonPrime(numerator, denominator); prime > 0; prime = SmallestCommonPrime(numerator, denominator))
        {
            (numerator, denominator) = (numerator / prime, denominator / prime);
            chain.Add(new Number(numerator, denominator));
        }
        return chain;
    }

    private Number AddOrSubtract(string written, Operator operation, Number left, Number right)
    {
        var common = left.Denominator / (long)BigInteger.GreatestCommonDivisor(left.Denominator, right.Denominator) * right.Denominator;
        var (leftFactor, rightFactor) = (common / left.Denominator, common / right.Denominator);
        List<string> chain = [written];
        if (leftFactor > 1 || rightFactor > 1)
        {
            foreach (var (number, factor) in new[] { (left, leftFactor), (right, rightFactor) })
            {
                Recall(Math.Abs(number.Numerator), factor);
                if (!number.IsInteger) Recall(number.Denominator, factor);
            }
            var sign = operation == Operator.Add ? '+' : '-';
            var second = Widened(right, rightFactor);
            chain.Add($"{Widened(left, leftFactor)}{sign}{(right.IsNegative ? $"({second})" : second)}");
            chain.Add(new Operation(operation, new Number(left.Numerator * leftFactor, common), new Number(right.Numerator * rightFactor, common)).ToLatex());
        }
        var sum = IntegerMoves.WithoutSigns(operation, left.Numerator * leftFactor, right.Numerator * rightFactor);
        chain.Add($@"{(sum.Sign < 0 ? "-" : "")}\frac{{{sum.Unsigned.ToLatex()}}}{{{common}}}");
        return Reduce(chain, sum.Value, common);
    }

    /// <summary>A number before it gets a common denominator: <c>\frac{3\times 4}{5\times 4}</c>, <c>\frac{2\times 4}{4}</c> for an integer.</summary>
    private static string Widened(Number number, long factor)
    {
        if (factor == 1) return number.ToLatex();
        var above = IntegerMoves.Written(Operator.Multiply, Math.Abs(number.Numerator), factor);
        var below = number.IsInteger ? $"{factor}" : IntegerMoves.Written(Operator.Multiply, number.Denominator, factor);
        return $@"{(number.IsNegative ? "-" : "")}\frac{{{above}}}{{{below}}}";
    }

    private Number Multiply(string written, Number left, Number right)
    {
        var (a, b) = (Math.Abs(left.Numerator), Math.Abs(right.Numerator));
        var negative = left.IsNegative != right.IsNegative;
        Recall(a, b);
        Recall(left.Denominator, right.Denominator);
        var above = IntegerMoves.Written(Operator.Multiply, a, b);
        var below = left.IsInteger ? $"{right.Denominator}" : right.IsInteger ? $"{left.Denominator}"
            : IntegerMoves.Written(Operator.Multiply, left.Denominator, right.Denominator);
        return Reduce([written, $@"{(negative ? "-" : "")}\frac{{{above}}}{{{below}}}"], negative ? -a * b : a * b, left.Denominator * right.Denominator);
    }

    private Number Divide(string written, Number left, Number right)
    {
        var sign = right.IsNegative ? -1 : 1;
        var reciprocal = new Number(sign * right.Denominator, Math.Abs(right.Numerator));
        return Multiply($"{written}={new Operation(Operator.Multiply, left, reciprocal).ToLatex()}", left, reciprocal);
    }

    private Number Reduce(List<string> chain, long numerator, long denominator)
    {
        var reductions = Reductions(numerator, denominator);
        trace.Step(string.Join('=', chain.Concat(reductions.Select(number => number.ToLatex()))));
        return reductions[^1];
    }

    /// <summary>Products too large for the head get a step of their own first.</summary>
    private void Recall(long a, long b)
    {
        if (!IntegerMoves.IsRecalled(a, b) && a * b >= 100) new IntegerMoves(trace).Multiply(a, b);
    }

    private static long SmallestCommonPrime(long a, long b)
    {
        var common = (long)BigInteger.GreatestCommonDivisor(a, b);
        for (var prime = 2L; prime <= common; prime++)
            if (common % prime == 0) return prime;
        return 0;
    }
}
