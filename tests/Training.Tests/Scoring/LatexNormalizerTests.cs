using EduVision.Training.Scoring;

namespace EduVision.Training.Tests.Scoring;

public sealed class LatexNormalizerTests
{
    [Theory]
    [InlineData(@"\sqrt {9} + \sqrt {16}", @"\sqrt{9}+\sqrt{16}")]
    [InlineData(@"{\sqrt{7}+\sqrt{28}}", @"\sqrt{7}+\sqrt{28}")]
    [InlineData(@"\left(a+b\right)", "(a+b)")]
    [InlineData(@"2\cdot 3", @"2\times 3")]
    [InlineData(@"\frac12", @"\frac{1}{2}")]
    [InlineData("x^2", "x^{2}")]
    [InlineData("x^{{2}}", "x^{2}")]
    [InlineData("x^{2}_{1}", "x_{1}^{2}")]
    [InlineData(@"$x\,+\;y$", "x+y")]
    [InlineData(@"\[ x \]", "x")]
    [InlineData(@"x\le 3", @"x \leq 3")]
    [InlineData(@"\sqrt[{3}]{x}", @"\sqrt[3]x")]
    [InlineData(@"\dfrac{1}{2}", @"\frac{1}{2}")]
    public void Spellings_of_the_same_formula_are_equal(string one, string other)
    {
        Assert.Equal(LatexNormalizer.Normalize(one), LatexNormalizer.Normalize(other));
    }

    [Theory]
    [InlineData("x^{2}", "x_{2}")]
    [InlineData("x^{23}", "x^{2}3")]
    [InlineData(@"\frac{1}{2}", @"\frac{2}{1}")]
    [InlineData(@"\sqrt{9}", "9")]
    [InlineData(@"\sqrt{a+b}", @"\sqrt{a}+b")]
    [InlineData("a-b", "a+b")]
    [InlineData("(a)", "a")]
    [InlineData("x", "X")]
    public void Different_formulas_are_different(string one, string other)
    {
        Assert.NotEqual(LatexNormalizer.Normalize(one), LatexNormalizer.Normalize(other));
    }

    [Theory]
    [InlineData(@"\frac{1}{2")]
    [InlineData("x^")]
    [InlineData("}")]
    [InlineData("{a")]
    [InlineData(@"\frac{1}")]
    [InlineData("x^2^3")]
    [InlineData(@"\sqrt[3")]
    [InlineData("")]
    public void Broken_latex_is_kept_token_by_token_and_equals_itself(string latex)
    {
        Assert.Equal(LatexTokens.Split(latex), LatexNormalizer.Tokens(latex));
    }

    [Fact]
    public void Tokens_are_control_words_and_single_characters()
    {
        Assert.Equal([@"\frac", "{", "1", "2", "}", "{", "x", "_", "{", "1", "}", "}"], LatexNormalizer.Tokens(@"\frac{12}{x_1}"));
    }
}
