using EduVision.Model.Tokenization;

namespace EduVision.Model.Tests.Tokenization;

public sealed class PreTokenizerTests
{
    [Theory]
    [InlineData("I'm WE'LL", "I|'m| WE|'LL")]
    [InlineData("  leading   spaces", " | leading|  | spaces")]
    [InlineData("end  ", "end|  ")]
    [InlineData("12x", "1|2|x")]
    [InlineData("a\r\n\r\n  b", "a|\r\n\r\n| | b")]
    [InlineData("x!?\n\ny", "x|!?\n\n|y")]
    [InlineData("年，月", "年|，月")]
    [InlineData("'ſ 's", "'ſ| '|s")]
    public void Pieces_are_those_of_the_expression(string text, string pieces) => Assert.Equal(pieces.Split('|'), PreTokenizer.Qwen.Split(text));

    [Fact]
    public void Letters_and_digits_outside_the_basic_plane_are_letters_and_digits()
    {
        Assert.Equal(["𠮷野家"], PreTokenizer.Qwen.Split("𠮷野家"));
        Assert.Equal(["𝑥", "𝟙", "𝟚"], PreTokenizer.Qwen.Split("𝑥𝟙𝟚"));
        Assert.Equal(["🎉🏽", "a"], PreTokenizer.Qwen.Split("🎉🏽a"));
    }

    [Fact]
    public void Pieces_joined_are_the_text()
    {
        var random = new Random(3);
        for (int round = 0; round < 200; round++)
        {
            string text = string.Concat(Enumerable.Range(0, 40).Select(_ => char.ConvertFromUtf32(random.Next(4) switch
            {
                0 => random.Next(0x20, 0x7F),
                1 => random.Next(0x4E00, 0x9FFF),
                2 => random.Next(0x1F300, 0x1F700),
                _ => "\r\n\t \u3000"[random.Next(5)],
            })));
            Assert.Equal(text, string.Concat(PreTokenizer.Qwen.Split(text)));
        }
    }
}
