using System.Collections.Immutable;
using System.Reflection;

namespace EduVision.Training.Problems;

/// <summary>
/// The Chinese characters the bundled model reads, from <c>characters.txt</c>, and the idioms and lines of verse of <c>phrases.txt</c> that real-looking columns are cut from.
/// </summary>
public static class CharacterList
{
    /// <summary>All characters, each once, in the order of the file.</summary>
    public static ImmutableArray<char> Common { get; } = [.. Lines("characters.txt").SelectMany(line => line)];

    /// <summary>Phrases; every character of them is in <see cref="Common"/>.</summary>
    public static ImmutableArray<string> Phrases { get; } = [.. Lines("phrases.txt").SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

    private static IEnumerable<string> Lines(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"EduVision.Training.Problems.{name}")
            ?? throw new InvalidOperationException($"The assembly lacks its resource {name}: build the project again.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            line = line.Trim();
            if (line.Length > 0 && line[0] != '#') yield return line;
        }
    }
}
