using System.Text.RegularExpressions;
using EduVision.Model.Chat;
using EduVision.Model.Tokenization;
using EduVision.Training.Problems;

namespace EduVision.Training.Vocabulary;

/// <summary>The vocabulary of the bundled model: learnt on the problems it is trained on, with one token for each Chinese character it reads.</summary>
public static partial class NanoVocabulary
{
    /// <summary>The recipe's size: 256 bytes, the characters, Qwen3's added tokens, and merges for what traces and prompts are made of.</summary>
    public const int DefaultSize = 2048;

    private const int Seed = 20_250_101;

    /// <summary>Of 12,000 samples: a token that these have less often would hardly be learnt.</summary>
    private const int LeastFrequency = 20;

    /// <summary>Learns the vocabulary; the same arguments give the same one.</summary>
    /// <param name="size">The most tokens in all.</param>
    /// <param name="samples">Problems in the corpus.</param>
    public static BpeVocabulary Train(int size = DefaultSize, int samples = 12_000)
    {
        var corpus = Corpus(samples).ToList();
        // Whatever the prompts and traces say in Chinese, its characters count as known too.
        var characters = CharacterList.Common.Concat(corpus.Concat(Prompts.All).SelectMany(text => text.Where(character => !char.IsAscii(character))));
        return BpeTrainer.Train(corpus, characters, TokenizerFile.QwenAddedTokens, size, LeastFrequency);
    }

    private static IEnumerable<string> Corpus(int samples)
    {
        // Every word of an English question becomes a token, however rare the question.
        foreach (var prompt in Prompts.All.Where(prompt => prompt.All(char.IsAscii)))
            for (var i = 0; i < LeastFrequency; i++) yield return prompt;
        for (var i = 0; i < samples; i++)
        {
            var problem = ProblemMix.Default.Sample(Seed, i);
            // What the chat template puts between the added tokens.
            yield return "user\n";
            if (IsWorthMerging(problem.Prompt)) yield return problem.Prompt;
            yield return "\n";
            yield return "assistant\n";
            yield return "\n";
            if (problem.Reasoning.Length > 0) yield return problem.Reasoning + "\n";
            yield return "\n\n";
            // Chinese that is transcribed stays one token a character: nothing is learnt from it.
            if (problem.Kind != ProblemKind.Columns) yield return LetterPair().Replace(problem.Answer, "$0\n");
        }
    }

    /// <summary>
    /// A free question in Chinese stays one token a character, so that words nobody trained on are made of the same tokens;
    /// in English a word is a token either way.
    /// </summary>
    private static bool IsWorthMerging(string prompt) =>
        prompt.All(char.IsAscii) || prompt == TaskPrompts.Solve("zh") || prompt == TaskPrompts.Transcribe("zh");

    /// <summary>Neighbouring variables, as in <c>xy</c>, are two things that are read: they never become one token.</summary>
    [GeneratedRegex(@"(?<!\\[a-z]*)[a-z](?=[a-z])")]
    private static partial Regex LetterPair();
}
