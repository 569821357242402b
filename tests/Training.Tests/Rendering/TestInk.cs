using EduVision.Training.Fonts;
using EduVision.Training.Problems;
using EduVision.Training.Rendering;

namespace EduVision.Training.Tests.Rendering;

/// <summary>
/// A small set of ink made here: training hands and scans are upright bars, held-out ones lie flat, so that the shape of a line tells
/// which were drawn.
/// </summary>
internal static class TestInk
{
    public const string Symbols = "0123456789xy+-=()";
    public const string Characters = "一二三天地人水火";

    /// <summary>The one character that only the held-out hand writes.</summary>
    public const string HeldOutOnly = "永";

    public static InkAssets Make(bool samples = false)
    {
        var path = Path.Combine(Path.GetTempPath(), $"ink-{Guid.NewGuid():N}.bin");
        try
        {
            AssetFile.Write(path, Hands(), samples ? Samples() : [], new Dictionary<int, int> { ['一'] = '火' });
            return InkAssets.Load(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>An asset file whose hands write everything that problems are made of, all of it as bars.</summary>
    public static void WriteEverything(string path)
    {
        var latin = CharacterLists.Latin.Select(c => (int)c).ToList();
        AssetFile.Write(
            path,
            [
                new Hand("bars", HandStyle.Latin, heldOut: false, latin.ToDictionary(code => code, _ => Bar)),
                new Hand("flats", HandStyle.Latin, heldOut: true, latin.ToDictionary(code => code, _ => Flat)),
                new Hand("han-bars", HandStyle.Kai, heldOut: false, CharacterLists.Han.ToDictionary(code => code, _ => Block(450, 51, 550, 951))),
                new Hand("han-flats", HandStyle.Kai, heldOut: true, CharacterLists.Han.ToDictionary(code => code, _ => Block(51, 450, 951, 550))),
            ],
            [.. MathLineGenerator.Symbols.Where(symbol => symbol.Length > 1).Select(symbol => new SampleSet(symbol, [Bar], [Flat]))],
            new Dictionary<int, int>());
    }

    public static Outline Block(short left, short top, short right, short bottom) => new(
        [OutlineVerb.Move, OutlineVerb.Line, OutlineVerb.Line, OutlineVerb.Line, OutlineVerb.Close],
        [left, top, right, top, right, bottom, left, bottom]);

    private static Outline Bar => Block(201, -699, 261, 0);

    private static Outline Flat => Block(0, -399, 2400, -201);

    private static List<Hand> Hands() =>
    [
        new Hand("bars", HandStyle.Latin, heldOut: false, Symbols.ToDictionary(c => (int)c, _ => Bar)),
        new Hand("flats", HandStyle.Latin, heldOut: true, Symbols.ToDictionary(c => (int)c, _ => Flat)),
        new Hand("han-bars", HandStyle.Kai, heldOut: false, Characters.ToDictionary(c => (int)c, _ => Block(450, 51, 550, 951))),
        new Hand("han-flats", HandStyle.Kai, heldOut: true, (Characters + HeldOutOnly).ToDictionary(c => (int)c, _ => Block(51, 450, 951, 550))),
    ];

    private static List<SampleSet> Samples() => [.. "0123456789".Select(c => new SampleSet(c.ToString(), [Bar], [Flat]))];
}
