using EduVision.Model.Chat;
using EduVision.Model.Tokenization;
using EduVision.Training.Commands;
using EduVision.Training.Problems;
using EduVision.Training.Vocabulary;

namespace EduVision.Training.Tests.Vocabulary;

/// <summary>The trained vocabulary, through the tokenizer that the engine uses.</summary>
public sealed class NanoVocabularyTests(NanoTokenizer nano) : IClassFixture<NanoTokenizer>
{
    [Fact]
    public void It_keeps_to_its_size_and_its_ids_are_dense()
    {
        Assert.InRange(nano.Vocabulary.Size, 1500, NanoVocabulary.DefaultSize);
        Assert.Equal(nano.Vocabulary.Size, nano.Tokenizer.VocabularySize);
        Assert.Equal(nano.Vocabulary.Merges.Length, nano.Vocabulary.Merges.Select(merge => merge.Left + merge.Right).Distinct().Count());
    }

    [Fact]
    public void Every_character_of_the_list_is_one_token()
    {
        Assert.All(CharacterList.Common, character => Assert.Single(nano.Tokenizer.Encode(character.ToString(), allowSpecial: false)));
    }

    [Fact]
    public void Characters_in_a_column_stay_one_token_each()
    {
        var text = string.Concat(CharacterList.Phrases.Take(40));
        Assert.Equal(text.Length, nano.Tokenizer.Encode(text, allowSpecial: false).Length);
    }

    [Theory]
    [InlineData(@"\times")]
    [InlineData(@"\div")]
    [InlineData(@"\frac")]
    [InlineData(@"\sqrt")]
    [InlineData("\n\n")]
    [InlineData("user")]
    [InlineData("assistant")]
    [InlineData("Transcribe")]
    public void Frequent_words_are_one_token(string word)
    {
        Assert.Single(nano.Tokenizer.Encode(word, allowSpecial: false));
    }

    [Fact]
    public void Digits_and_neighbouring_variables_stay_apart()
    {
        Assert.Equal(6, nano.Tokenizer.Encode("347586", allowSpecial: false).Length);
        Assert.Equal(2, nano.Tokenizer.Encode("xy", allowSpecial: false).Length);
    }

    [Fact]
    public void Added_tokens_are_Qwens_and_follow_the_merges()
    {
        var expected = TokenizerFile.QwenAddedTokens.Select((token, i) => new AddedToken(256 + nano.Vocabulary.Merges.Length + i, token.Content, token.Special));
        Assert.Equal(expected, nano.Tokenizer.AddedTokens.OrderBy(token => token.Id));
        Assert.Equal([nano.Tokenizer.IdOf("<think>"), nano.Tokenizer.IdOf("</think>")], nano.Tokenizer.Encode("<think></think>", allowSpecial: true));
    }

    [Fact]
    public void Every_problem_survives_encoding_and_is_short()
    {
        for (var i = 0; i < 5000; i++)
        {
            var problem = ProblemMix.Default.Sample(3, i);
            var ids = nano.Tokenizer.Encode(problem.Completion, allowSpecial: true);
            Assert.Equal(problem.Completion, nano.Tokenizer.Decode(ids));
            Assert.True(ids.Length <= 420, $"{ids.Length} tokens:\n{problem.Completion}");
        }
    }

    [Fact]
    public void The_standing_prompts_are_short()
    {
        foreach (var language in new[] { "zh", "en" })
        {
            Assert.InRange(nano.Tokenizer.Encode(TaskPrompts.Solve(language), false).Length, 1, 12);
            Assert.InRange(nano.Tokenizer.Encode(TaskPrompts.Transcribe(language), false).Length, 1, 12);
            Assert.InRange(nano.Tokenizer.Encode(TaskPrompts.Unreadable(language), false).Length, 1, 12);
        }
    }

    [Fact]
    public void The_command_writes_the_same_tokenizer_again()
    {
        var folder = Directory.CreateTempSubdirectory("nano-vocabulary");
        try
        {
            Assert.Equal(0, VocabularyCommand.Create().Parse(["--out", Path.Combine(folder.FullName, "new")]).Invoke());
            Assert.Equal(File.ReadAllText(Path.Combine(nano.Folder, "tokenizer.json")), File.ReadAllText(Path.Combine(folder.FullName, "new", "tokenizer.json")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

/// <summary>The vocabulary, trained once for all tests, saved and loaded.</summary>
public sealed class NanoTokenizer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nano-vocabulary");

    public NanoTokenizer()
    {
        Vocabulary = NanoVocabulary.Train();
        Vocabulary.Save(_folder.FullName, modelMaxLength: 4096);
        Tokenizer = Tokenizer.Load(_folder.FullName);
    }

    public string Folder => _folder.FullName;

    public BpeVocabulary Vocabulary { get; }

    public Tokenizer Tokenizer { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
