using EduVision.Training.Notation;

namespace EduVision.Training.Problems.Arithmetic;

/// <summary>Works an expression out one operation after the other, in the order a student learns: brackets, then products, then sums, from the left.</summary>
internal static class ArithmeticSolver
{
    /// <summary>Writes the trace of <paramref name="expression"/>, whose line was read as <paramref name="line"/>.</summary>
    /// <returns>The trace and the exact value.</returns>
    public static (string Reasoning, Rational Value) Solve(Expression expression, string line, string language)
    {
        var wording = Wording.In(language);
        var trace = new Trace(wording, wording.Given, line);
        while (expression is Operation whole)
        {
            var (next, isBracketed) = Next(whole);
            trace.Label(isBracketed ? wording.Brackets : NameOf(next.Operator, wording));
            expression = Replace(whole, next, WorkOut(trace, next));
            if (!expression.IsNumber) trace.So(expression.ToLatex());
        }
        return (trace.ToString(), ((Number)expression).Value);
    }

    /// <summary>The exact value, without a trace.</summary>
    public static Rational Evaluate(Expression expression) => expression switch
    {
        Number number => number.Value,
        Negation negation => -Evaluate(negation.Operand),
        Operation { Operator: Operator.Add } sum => Evaluate(sum.Left) + Evaluate(sum.Right),
        Operation { Operator: Operator.Subtract } difference => Evaluate(difference.Left) - Evaluate(difference.Right),
        Operation { Operator: Operator.Multiply or Operator.Juxtapose } product => Evaluate(product.Left) * Evaluate(product.Right),
        Operation quotient => Evaluate(quotient.Left) / Evaluate(quotient.Right),
        _ => throw new InvalidOperationException($"{expression} has an unknown in it."),
    };

    private static Number WorkOut(Trace trace, Operation next)
    {
        var (left, right) = ((Number)next.Left, (Number)next.Right);
        var integers = left.IsInteger && right.IsInteger;
        if (!integers || next.Operator == Operator.Divide && left.Numerator % right.Numerator != 0)
            return new FractionMoves(trace).WorkOut(next.Operator, left, right);
        var moves = new IntegerMoves(trace);
        switch (next.Operator)
        {
            case Operator.Multiply:
                moves.Multiply(left.Numerator, right.Numerator);
                break;
            case Operator.Divide:
                moves.DivideExactly(left.Numerator, right.Numerator);
                break;
            default:
                moves.AddOrSubtract(next.Operator, left.Numerator, right.Numerator);
                break;
        }
        return Number.Of(Evaluate(next));
    }

    /// <summary>The operation whose turn it is: bracketed ones first, then products, then the leftmost.</summary>
    private static (Operation Next, bool IsBracketed) Next(Operation whole)
    {
        var ready = new List<(Operation Operation, bool IsBracketed)>();
        Visit(whole, false);
        return ready.OrderByDescending(candidate => candidate.IsBracketed).ThenBy(candidate => candidate.Operation.IsSum).First();

        void Visit(Operation operation, bool isBracketed)
        {
            if (operation.IsReady) ready.Add((operation, isBracketed));
            if (operation.Left is Operation left) Visit(left, isBracketed || left.IsSum && !operation.IsSum);
            if (operation.Right is Operation right) Visit(right, isBracketed || right.IsSum || !operation.IsSum);
        }
    }

    /// <summary>The tree with one node, found by reference, replaced.</summary>
    private static Expression Replace(Expression tree, Operation node, Number value) =>
        ReferenceEquals(tree, node) ? value
        : tree is Operation operation ? operation with { Left = Replace(operation.Left, node, value), Right = Replace(operation.Right, node, value) }
        : tree;

    private static string NameOf(Operator operation, Wording wording) => operation switch
    {
        Operator.Add => wording.Add,
        Operator.Subtract => wording.Subtract,
        Operator.Multiply => wording.Multiply,
        _ => wording.Divide,
    };
}
