using EduVision.Training.Vocabulary;

namespace EduVision.Training.Tests.Vocabulary;

public sealed class BpeTrainerTests
{
    private static readonly (string Content, bool Special)[] End = [("<|endoftext|>", true)];

    [Fact]
    public void The_most_frequent_pair_merges_first_and_merges_build_on_merges()
    {
        var vocabulary = BpeTrainer.Train(["abc", "abc", "abc", "bc"], [], End, 256 + 1 + 2);
        Assert.Equal([("b", "c"), ("a", "bc")], vocabulary.Merges);
    }

    [Fact]
    public void Ties_go_to_the_ordinally_smaller_pair()
    {
        var vocabulary = BpeTrainer.Train(["yz", "yz", "ab", "ab"], [], End, 256 + 1 + 1);
        Assert.Equal([("a", "b")], vocabulary.Merges);
    }

    [Fact]
    public void Repeated_letters_merge_from_the_left()
    {
        var vocabulary = BpeTrainer.Train(["aaa", "aaa"], [], End, 256 + 1 + 2);
        Assert.Equal([("a", "a"), ("aa", "a")], vocabulary.Merges);
    }

    [Fact]
    public void No_merge_crosses_digits_or_rare_pairs()
    {
        var vocabulary = BpeTrainer.Train(["1234 1234 1234", "qr"], [], End, 1000);
        Assert.DoesNotContain(vocabulary.Merges, merge => (merge.Left + merge.Right).Any(char.IsAsciiDigit) || merge.Left == "q");
    }

    [Fact]
    public void Given_characters_come_first_and_share_their_first_bytes()
    {
        // 一 is E4 B8 80, 上 is E4 B8 8A: one merge for the shared two bytes, one each for the last.
        var vocabulary = BpeTrainer.Train([], "一上一", End, 300);
        Assert.Equal(3, vocabulary.Merges.Length);
        Assert.Equal(256 + 3 + 1, vocabulary.Size);
    }

    [Fact]
    public void A_size_without_room_for_the_characters_is_refused()
    {
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => BpeTrainer.Train([], "一上", End, 258));
        Assert.Contains("260 tokens are the least", fault.Message, StringComparison.Ordinal);
    }
}
