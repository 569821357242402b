using EduVision.Model.Chat;
using EduVision.Model.Tokenization;
using EduVision.Training.Problems;

namespace EduVision.Training.Vocabulary;

/// <summary>The vocabulary of the bundled model: learnt on the problems it is trained on, with one token for each Chinese character it reads.</summary>
public static class NanoVocabulary
{
    /// <summary>The recipe's size: 256 bytes, the characters, Qwen3's added tokens, and merges for what traces and prompts are made of.</summary>
    public const int DefaultSize = 2048;

    private const int Seed = 20_250_101;

    /// <summary>Learns the vocabulary; the same arguments give the same one.</summary>
    /// <param name="size">Tokens in all.</param>
    /// <param name="samples">Problems in the corpus.</param>
    public static BpeVocabulary Train(int size = DefaultSize, int samples = 12_000)
    {
        var corpus = Corpus(samples).ToList();
        // Whatever the prompts and traces say in Chinese, its characters count as known too.
        var characters = CharacterList.Common.Concat(corpus.SelectMany(text => text.Where(character => !char.IsAscii(character))));
        return BpeTrainer.Train(corpus, characters, TokenizerFile.QwenAddedTokens, size);
    }

    private static IEnumerable<string> Corpus(int samples)
    {
        // Twice, so that even the rarest prompt is worth merging.
        foreach (var text in Prompts.All.Concat(Prompts.All)) yield return text;
        for (var i = 0; i < samples; i++)
        {
            var problem = ProblemMix.Default.Sample(Seed, i);
            // What the chat template puts between the added tokens.
            yield return "user\n";
            yield return problem.Prompt;
            yield return "\n";
            yield return "assistant\n";
            yield return "\n";
            if (problem.Reasoning.Length > 0) yield return problem.Reasoning + "\n";
            yield return "\n\n";
            // Chinese that is transcribed stays one token a character: nothing is learnt from it.
            if (problem.Kind != ProblemKind.Columns) yield return problem.Answer;
        }
        yield return TaskPrompts.Unreadable("zh");
        yield return TaskPrompts.Unreadable("en");
    }
}
