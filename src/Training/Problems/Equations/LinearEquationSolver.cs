using System.Collections.Immutable;
using EduVision.Training.Notation;
using EduVision.Training.Problems.Arithmetic;

namespace EduVision.Training.Problems.Equations;

/// <summary>Solves a linear equation one algebraic move a step, and checks the solution by substituting it.</summary>
internal static class LinearEquationSolver
{
    /// <summary>Writes the trace of an equation that has one solution.</summary>
    public static string Solve(LinearEquation equation, string language)
    {
        var wording = Wording.In(language);
        var trace = new Trace(wording, wording.Equation, equation.ToLatex());
        var solution = equation.Solution ?? throw new ArgumentException($"{equation.ToLatex()} has no single solution.", nameof(equation));
        var original = equation;

        void Move(string label, LinearEquation next, string? working = null)
        {
            if (next.ToLatex() == equation.ToLatex()) return;
            trace.Label(label);
            trace.Step(working ?? next.ToLatex());
            if (working is not null) trace.So(next.ToLatex());
            equation = next;
        }

        if (!equation.Left.Any(term => term.HasX)) Move(wording.SwapSides, new LinearEquation(equation.Right, equation.Left));
        var common = Term.CommonDenominator([.. equation.Left, .. equation.Right]);
        if (common > 1) Move(wording.ClearDenominators, equation.Select(term => [term.Times(common)]));
        Move(wording.Expand, Expanded(equation));
        equation = Expanded(equation);
        Move(wording.Collect, Collected(equation));
        Move(wording.Combine, Combined(equation), Sum(equation.Right));
        Isolate(trace, wording, equation);
        trace.Line(Check(original, solution, wording));
        return trace.ToString();
    }

    private static LinearEquation Expanded(LinearEquation equation) => equation.Select(term =>
    {
        if (term.IsNumber || term.IsMultipleOfX) return [term];
        var (x, constant) = (Term.OfX(term.XCoefficient), Term.Of(term.ConstantPart));
        return term.Slope < 0 ? [constant, x] : [x, constant];
    });

    private static LinearEquation Collected(LinearEquation equation) => new(
        [.. equation.Left.Where(term => term.HasX), .. equation.Right.Where(term => term.HasX).Select(term => term.Negated())],
        [.. equation.Right.Where(IsConstant), .. equation.Left.Where(IsConstant).Select(term => term.Negated())]);

    private static bool IsConstant(Term term) => !term.HasX && term.Scale.Sign != 0;

    private static LinearEquation Combined(LinearEquation equation) => new(
        [Term.OfX(LinearEquation.Sum(equation.Left, term => term.XCoefficient))],
        [Term.Of(LinearEquation.Sum(equation.Right, term => term.ConstantPart))]);

    /// <summary>How the numbers of a side that has no x add up; null where there are not several.</summary>
    private static string? Sum(ImmutableArray<Term> side) =>
        side.Length > 1 ? IntegerMoves.AddUp([.. side.Select(term => (long)term.ConstantPart.Numerator)]) : null;

    private static void Isolate(Trace trace, Wording wording, LinearEquation equation)
    {
        var coefficient = (long)equation.Left[0].XCoefficient.Numerator;
        var constant = (long)equation.Right[0].ConstantPart.Numerator;
        if (coefficient == 1) return;
        trace.Label(wording.Isolate);
        if (coefficient == -1) trace.Step($"x={-constant}");
        else if (constant % coefficient == 0) trace.Step($"x={IntegerMoves.Written(Operator.Divide, constant, coefficient)}={constant / coefficient}");
        else trace.Step("x=" + string.Join('=', FractionMoves.Reductions(constant, coefficient).Select(number => number.ToLatex())));
    }

    private static string Check(LinearEquation equation, Rational solution, Wording wording) =>
        $"{wording.Check}{wording.LeftSide}${Chain(equation.Left, solution)}${wording.Comma}{wording.RightSide}${Chain(equation.Right, solution)}${wording.Stop}";

    /// <summary>A side with the solution put in, worked out one layer at a time: <c>3\times (17-4)=3\times 13=39</c>.</summary>
    private static string Chain(ImmutableArray<Term> side, Rational solution)
    {
        var expression = Substitute(LinearEquation.Side(side), solution);
        List<string> chain = [expression.ToLatex()];
        while (!expression.IsNumber)
        {
            expression = WorkOutLayer(expression);
            var latex = expression.ToLatex();
            if (latex != chain[^1]) chain.Add(latex);
        }
        return string.Join('=', chain);
    }

    private static Expression Substitute(Expression expression, Rational solution) => expression switch
    {
        Unknown => Number.Of(solution),
        Negation negation => new Negation(Substitute(negation.Operand, solution)),
        Operation operation => Substitute(operation, solution),
        _ => expression,
    };

    private static Operation Substitute(Operation operation, Rational solution)
    {
        var left = Substitute(operation.Left, solution);
        var right = Substitute(operation.Right, solution);
        var written = operation.Operator switch
        {
            Operator.Juxtapose => Operator.Multiply,
            // A fraction over a number would stand two bars high: it is written as a division.
            Operator.Over when !ArithmeticSolver.Evaluate(left).IsInteger => Operator.Divide,
            var other => other,
        };
        return new Operation(written, left, right);
    }

    private static Expression WorkOutLayer(Expression expression) => expression switch
    {
        Operation { IsReady: true } ready => WorkOut(ready),
        Operation operation => operation with { Left = WorkOutLayer(operation.Left), Right = WorkOutLayer(operation.Right) },
        Negation { Operand: Number number } => new Number(-number.Numerator, number.Denominator),
        Negation negation => new Negation(WorkOutLayer(negation.Operand)),
        _ => expression,
    };

    /// <summary>The value of an operation on numbers; or, where a sum or difference has awkward signs, the same without them.</summary>
    private static Expression WorkOut(Operation ready)
    {
        if (ready is { Operator: Operator.Add or Operator.Subtract, Left: Number { IsInteger: true } left, Right: Number { IsInteger: true } right })
        {
            var plain = IntegerMoves.WithoutSigns(ready.Operator, left.Numerator, right.Numerator).ToExpression();
            if (plain != ready) return plain;
        }
        return Number.Of(ArithmeticSolver.Evaluate(ready));
    }
}
