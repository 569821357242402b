using System.Collections.Immutable;

namespace EduVision.Training.Problems;

/// <summary>
/// Chinese to transcribe: one to five columns of one to eight characters, the right column first, or a single character.
/// Most of it is characters drawn at random, which no knowledge of the language helps to read; the rest is idioms and verse, half of it
/// with characters exchanged: whoever has only learned the lines by heart, instead of reading, gets those wrong.
/// </summary>
public static class ColumnsGenerator
{
    private const int LongestColumn = 8;

    /// <summary>Columns, or now and then a single character, to transcribe.</summary>
    public static Problem Transcribe(Random random, string language)
    {
        var columns = random.PickIndex(0.17, 0.59, 0.24) switch
        {
            0 => [random.Pick(CharacterList.Common).ToString()],
            1 => RandomColumns(random),
            _ => PhraseColumns(random),
        };
        var text = string.Join('\n', columns);
        return new Problem(ProblemKind.Columns, ProblemTask.Transcribe, language, new ColumnsPicture(columns),
            Prompts.For(ProblemTask.Transcribe, language, random), "", text, text);
    }

    /// <summary>Characters with the question to solve them: the answer transcribes and says so.</summary>
    public static Problem SolveInVain(Random random, string language) => MathLineGenerator.InVain(Transcribe(random, language), random);

    private static ImmutableArray<string> RandomColumns(Random random)
    {
        var count = random.PickIndex(0.3, 0.27, 0.19, 0.14, 0.1) + 1;
        // Columns of one character each would be a row, read the other way.
        var length = random.Next(count == 1 ? 1 : 2, LongestColumn + 1);
        // A page fills its columns; only the last may end early.
        return [.. Enumerable.Range(0, count).Select(i => Characters(random, i == count - 1 ? random.Next(1, length + 1) : length))];
    }

    private static ImmutableArray<string> PhraseColumns(Random random)
    {
        var count = random.PickIndex(0.35, 0.3, 0.15, 0.2) + 1;
        var altered = random.Chance(0.5);
        return [.. Enumerable.Range(0, count).Select(_ => random.Pick(CharacterList.Phrases)).Select(phrase => altered ? Altered(random, phrase) : phrase)];
    }

    private static string Altered(Random random, string phrase) =>
        string.Concat(phrase.Select(character => random.Chance(0.35) ? random.Pick(CharacterList.Common) : character));

    private static string Characters(Random random, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => random.Pick(CharacterList.Common)));
}
