using System.Text;

namespace EduVision.Training.Fonts;

/// <summary>Simplified to traditional characters from OpenCC's dictionary as the npm package <c>opencc-js</c> carries it.</summary>
internal static class TraditionalForms
{
    private const string Dictionary = "opencc-js/dist/esm-lib/dict/STCharacters.js";

    /// <summary>The first traditional form of each of <paramref name="characters"/> that has one other than itself.</summary>
    public static Dictionary<int, int> Read(string nodeModules, IReadOnlyCollection<int> characters)
    {
        var script = File.ReadAllText(Path.Combine(nodeModules, Dictionary));
        var wanted = characters.ToHashSet();
        var forms = new Dictionary<int, int>();
        // The file is one string literal: "simplified traditional traditional|simplified traditional|...".
        var start = script.IndexOf('"') + 1;
        foreach (var entry in script[start..script.LastIndexOf('"')].Split('|'))
        {
            var words = entry.Split(' ');
            var simplified = Rune.GetRuneAt(words[0], 0).Value;
            var traditional = Rune.GetRuneAt(words[1], 0).Value;
            if (simplified != traditional && wanted.Contains(simplified)) forms[simplified] = traditional;
        }
        return forms;
    }
}
