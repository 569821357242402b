using System.Globalization;
using System.Text.RegularExpressions;
using EduVision.Training.Notation;
using EduVision.Training.Problems;
using EduVision.Training.Problems.Arithmetic;
using EduVision.Training.Problems.Equations;
using EduVision.Training.Scoring;

namespace EduVision.Training.Tests.Problems;

/// <summary>Every statement of every trace is checked by an evaluator that shares no code with the generators.</summary>
public sealed partial class TraceTests
{
    private const int Samples = 3000;

    [Theory]
    [InlineData("zh")]
    [InlineData("en")]
    public void Every_statement_of_an_arithmetic_trace_is_true(string language)
    {
        for (var i = 0; i < Samples; i++)
        {
            var problem = ArithmeticGenerator.Solve(new Random(i), language);
            var read = PictureOf(problem);
            var value = ExactEvaluator.Evaluate(read.TrimEnd('?').TrimEnd('='));
            var spans = Spans(problem.Reasoning);
            Assert.Equal(read, spans[0]);
            foreach (var span in spans.Skip(1))
            {
                if (span.Contains('=', StringComparison.Ordinal)) Assert.True(ExactEvaluator.Holds(span), $"{span} in\n{problem.Reasoning}");
                else Assert.True(ExactEvaluator.Evaluate(span) == value, $"{span} is not {value} in\n{problem.Reasoning}");
            }
            Assert.Equal(value, ExactEvaluator.Result(spans[^1]));
            Assert.Equal($"${read.TrimEnd('?').TrimEnd('=')}={value}$", problem.Answer);
            Assert.Equal(value.ToString(), problem.Expected);
            Assert.True(Scorer.IsSolved(problem.Expected, problem.Answer), problem.Answer);
        }
    }

    [Theory]
    [InlineData("zh")]
    [InlineData("en")]
    public void Every_statement_of_an_equation_trace_holds_for_its_solution_and_every_equation_only_for_it(string language)
    {
        for (var i = 0; i < Samples; i++)
        {
            var problem = LinearEquationGenerator.Solve(new Random(i), language);
            var solution = ExactEvaluator.Result(problem.Answer);
            Assert.NotNull(solution);
            var spans = Spans(problem.Reasoning);
            Assert.Equal(PictureOf(problem), spans[0]);
            foreach (var span in spans)
            {
                Assert.True(ExactEvaluator.Holds(span, solution), $"{span} for x={solution} in\n{problem.Reasoning}");
                if (span.Contains('x', StringComparison.Ordinal)) Assert.False(ExactEvaluator.Holds(span, solution.Value + 1), $"{span} does not determine x in\n{problem.Reasoning}");
            }
            // The check: both sides, worked out to the same number.
            Assert.Equal(ExactEvaluator.Result(spans[^1]), ExactEvaluator.Result(spans[^2]));
            Assert.Equal($"x={solution}", problem.Expected);
            Assert.Equal($"${problem.Expected}$", problem.Answer);
        }
    }

    [Fact]
    public void Steps_are_numbered_from_one_without_gaps()
    {
        for (var i = 0; i < 500; i++)
        {
            var problem = i % 2 == 0 ? ArithmeticGenerator.Solve(new Random(i), "zh") : LinearEquationGenerator.Solve(new Random(i), "en");
            var numbers = Step().Matches(problem.Reasoning).Select(match => int.Parse(match.Groups[1].Value, null)).ToList();
            Assert.Equal(Enumerable.Range(1, numbers.Count), numbers);
            Assert.NotEmpty(numbers);
        }
    }

    [Fact]
    public void A_long_sum_or_difference_is_worked_out_one_place_at_a_time()
    {
        var longOnes = 0;
        for (var i = 0; i < Samples; i++)
        {
            foreach (var span in Spans(ArithmeticGenerator.Solve(new Random(i), "en").Reasoning).Where(span => LongSum().IsMatch(span)))
            {
                var totals = span.Split('=').Where(part => part[0] != '-').Select(part => int.Parse(part.Split('+', '-')[0], null)).ToList();
                longOnes++;
                foreach (var (before, after) in totals.Skip(1).Zip(totals.Skip(2)))
                    Assert.True(Math.Abs(after - before).ToString(CultureInfo.InvariantCulture).TrimEnd('0').Length == 1, span);
            }
        }
        Assert.True(longOnes > 100, $"only {longOnes} long sums");
    }

    [Theory]
    [InlineData("15740+4722", "15740+4722=19740+722=20440+22=20460+2=20462")]
    [InlineData("1+2025", "1+2025=2025+1=2026")]
    [InlineData("3355-722", "3355-722=2655-22=2635-2=2633")]
    [InlineData("73-3230", "3230-73=3160-3=3157|73-3230=-(3230-73)=-3157")]
    [InlineData("8-42", "8-42=-(42-8)=-34")]
    [InlineData("307+86", "307+86=393")]
    public void A_sum_is_written_as_a_student_would_do_it_in_the_head(string problem, string worked)
    {
        var parts = problem.Split('+', '-').Select(long.Parse).ToArray();
        var operation = problem.Contains('+', StringComparison.Ordinal) ? Operator.Add : Operator.Subtract;
        var (reasoning, _) = ArithmeticSolver.Solve(new Operation(operation, new Number(parts[0]), new Number(parts[1])), problem, "en");
        Assert.Equal(worked, string.Join('|', Spans(reasoning).Skip(1)));
    }

    [Theory]
    [InlineData(new long[] { 42, -8, -42 }, "42-8-42=34-42=-(42-34)=-8")]
    [InlineData(new long[] { -111, 204 }, "-111+204=204-111=93")]
    [InlineData(new long[] { -8, -42, 3 }, "-8-42+3=-(8+42)+3=-50+3=-(50-3)=-47")]
    public void Terms_are_added_up_from_the_left(long[] terms, string worked) => Assert.Equal(worked, IntegerMoves.AddUp(terms));

    [Fact]
    public void Fractions_are_widened_before_they_are_added()
    {
        var (reasoning, value) = ArithmeticSolver.Solve(new Operation(Operator.Subtract, new Number(7, 20), new Number(17, 16)), "", "en");
        Assert.Equal(new Rational(-57, 80), value);
        Assert.Equal(@"\frac{7}{20}-\frac{17}{16}=\frac{7\times 4}{20\times 4}-\frac{17\times 5}{16\times 5}=\frac{28}{80}-\frac{85}{80}=-\frac{85-28}{80}=-\frac{57}{80}", Spans(reasoning)[^1]);
    }

    [Theory]
    [InlineData(347, 586)]
    [InlineData(305, 40)]
    [InlineData(9, 8)]
    [InlineData(999, 999)]
    [InlineData(7, 468)]
    [InlineData(100, 100)]
    [InlineData(-47, 86)]
    public void A_product_is_split_by_place_value(int left, int right)
    {
        var (reasoning, value) = ArithmeticSolver.Solve(new Operation(Operator.Multiply, new Number(left), new Number(right)), $@"{left}\times {right}", "en");
        Assert.Equal((Rational)((long)left * right), value);
        Assert.All(Spans(reasoning).Skip(1), span => Assert.True(ExactEvaluator.Holds(span), span));
    }

    [Theory]
    [InlineData("347*586", 7)]
    [InlineData("864/24", 3)]
    [InlineData("12+35", 1)]
    public void The_number_of_steps_is_what_the_method_needs(string problem, int steps)
    {
        var parts = problem.Split('+', '*', '/').Select(long.Parse).ToArray();
        var operation = problem.Contains('*', StringComparison.Ordinal) ? Operator.Multiply : problem.Contains('/', StringComparison.Ordinal) ? Operator.Divide : Operator.Add;
        var (reasoning, _) = ArithmeticSolver.Solve(new Operation(operation, new Number(parts[0]), new Number(parts[1])), "", "en");
        Assert.Equal(steps, Step().Count(reasoning));
    }

    private static string PictureOf(Problem problem) => ((MathPicture)problem.Picture).Line.ToLatex();

    private static List<string> Spans(string text) => [.. Span().Matches(text).Select(match => match.Groups[1].Value)];

    [GeneratedRegex(@"\$([^$]*)\$")]
    private static partial Regex Span();

    [GeneratedRegex(@"^(\d+)\. ", RegexOptions.Multiline)]
    private static partial Regex Step();

    [GeneratedRegex(@"^\d{4,}[+-]\d+=")]
    private static partial Regex LongSum();
}
