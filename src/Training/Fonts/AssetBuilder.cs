using EduVision.Training.Rendering;

namespace EduVision.Training.Fonts;

/// <summary>Packs fonts and symbol scans into the file that <see cref="InkAssets"/> loads.</summary>
public static class AssetBuilder
{
    // A hand with fewer characters would hardly ever be drawn.
    private const int FewestHanCharacters = 500;

    /// <summary>
    /// Reads the font packages under <paramref name="nodeModules"/> and, when given, the scans in <paramref name="symbolScans"/>,
    /// writes <paramref name="output"/> and tells <paramref name="report"/> what each hand holds.
    /// </summary>
    public static void Build(string nodeModules, string? symbolScans, string output, Action<string> report)
    {
        if (!Directory.Exists(Path.Combine(nodeModules, "@fontsource")))
            throw new DirectoryNotFoundException($"{nodeModules} holds no @fontsource packages. Run `npm install` in {Path.GetDirectoryName(Path.GetFullPath(nodeModules))}.");
        var traditional = TraditionalForms.Read(nodeModules, CharacterLists.Han);
        int[] latin = [.. CharacterLists.Latin.Select(c => (int)c)];
        int[] han = [.. CharacterLists.Han.Concat(traditional.Values).Concat(CharacterLists.HanPunctuation.Select(c => (int)c)).Distinct()];
        var hands = new List<Hand>();
        foreach (var hand in FontCatalog.All.Select(source => FontPackage.Read(nodeModules, source, source.Style == HandStyle.Latin ? latin : han)).Append(StrokeMedians.Read(nodeModules, han)))
        {
            if (hand.Style != HandStyle.Latin && hand.CodePoints.Count < FewestHanCharacters)
                throw new InvalidDataException($"{hand.Name} has {hand.CodePoints.Count} of {han.Length} characters only.");
            hands.Add(hand);
            report($"{hand.Name,-28} {hand.Style,-6} {hand.CodePoints.Count,5} characters, nib {hand.Nib:F0}{(hand.HeldOut ? ", held out" : "")}");
        }
        var samples = symbolScans is null ? [] : SymbolScans.Read(symbolScans);
        foreach (var set in samples) report($"{set.Latex,-28} {set.Training.Length} samples, {set.HeldOut.Length} held out");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
        AssetFile.Write(output, hands, samples, traditional);
        report($"{output}: {new FileInfo(output).Length / 1024.0 / 1024.0:F2} MiB");
    }
}
