using EduVision.Training.Notation;
using EduVision.Training.Scoring;

namespace EduVision.Training.Tests.Scoring;

public sealed class ExactEvaluatorTests
{
    [Theory]
    [InlineData("1+2\\times 3", "7")]
    [InlineData("(1+2)\\times 3", "9")]
    [InlineData("8\\div 2\\div 2", "2")]
    [InlineData("10-4-3", "3")]
    [InlineData("-18+5", "-13")]
    [InlineData("12-(-5)", "17")]
    [InlineData("-(18-5)", "-13")]
    [InlineData("7\\div 3", "\\frac{7}{3}")]
    [InlineData("\\frac{1}{2}+\\frac{1}{3}", "\\frac{5}{6}")]
    [InlineData("\\frac{10-9}{12}", "\\frac{1}{12}")]
    [InlineData("-\\frac{6}{4}", "-\\frac{3}{2}")]
    [InlineData("2^{10}", "1024")]
    [InlineData("2(3+4)", "14")]
    [InlineData("0.25\\times 4", "1")]
    [InlineData("\\left(1+1\\right)\\cdot 2", "4")]
    public void Values_are_exact(string latex, string value)
    {
        Assert.Equal(value, ExactEvaluator.Evaluate(latex).ToString());
    }

    [Theory]
    [InlineData("3(x-4)", 15)]
    [InlineData("-2x+1", -17)]
    [InlineData("\\frac{x}{3}+1", 4)]
    [InlineData("\\frac{2}{3}x", 6)]
    [InlineData("x", 9)]
    public void X_stands_for_the_given_number(string latex, int value)
    {
        Assert.Equal((Rational)value, ExactEvaluator.Evaluate(latex, 9));
    }

    [Theory]
    [InlineData("1+")]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("(1")]
    [InlineData("2\\frac{1}{3}")]
    [InlineData("1=1")]
    [InlineData("3\\alpha")]
    [InlineData("2^{99999}")]
    public void What_is_no_such_expression_is_refused(string latex)
    {
        Assert.Throws<FormatException>(() => ExactEvaluator.Evaluate(latex));
    }

    [Fact]
    public void A_division_by_zero_is_no_value()
    {
        Assert.Throws<DivideByZeroException>(() => ExactEvaluator.Evaluate("1\\div (2-2)"));
    }

    [Theory]
    [InlineData("12+21=33=30+3", true)]
    [InlineData("12+21=34", false)]
    [InlineData("1=1=2", false)]
    public void A_chain_holds_when_all_its_sides_are_equal(string chain, bool holds)
    {
        Assert.Equal(holds, ExactEvaluator.Holds(chain));
    }

    [Theory]
    [InlineData("$12+21=33$", "33")]
    [InlineData("$x=-\\frac{6}{4}$", "-\\frac{3}{2}")]
    [InlineData("33", "33")]
    [InlineData("a = 2.5", "\\frac{5}{2}")]
    [InlineData("$12+21=$", null)]
    [InlineData("$12+21$", null)]
    [InlineData("$=30+3$", null)]
    [InlineData("$=3\\times 11$", null)]
    [InlineData("$x=y$", null)]
    [InlineData("$\\frac{1}{0}$", null)]
    [InlineData("I can't read this.", null)]
    public void A_result_is_the_plain_number_after_the_last_equals_sign(string answer, string? value)
    {
        Assert.Equal(value, ExactEvaluator.Result(answer)?.ToString());
    }

    [Fact]
    public void Rationals_are_reduced_and_ordered()
    {
        Assert.Equal(new Rational(-3, 2), new Rational(6, -4));
        Assert.True(new Rational(1, 3) < new Rational(1, 2));
        Assert.Equal((Rational)0, default(Rational) * 5);
        Assert.Throws<DivideByZeroException>(() => new Rational(1, 0));
    }
}
