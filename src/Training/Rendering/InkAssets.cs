namespace EduVision.Training.Rendering;

/// <summary>
/// The ink that photos are written with: outlines of handwriting and calligraphy fonts, and traced samples of real handwritten
/// symbols. Read-only once loaded, so any number of renderers and threads may share one.
/// </summary>
public sealed class InkAssets
{
    private readonly Dictionary<string, SampleSet> _samples;
    private readonly Dictionary<int, int> _traditional;
    private readonly Hand[][] _latin;
    private readonly Hand[][] _han;

    private InkAssets(List<Hand> hands, List<SampleSet> samples, Dictionary<int, int> traditional)
    {
        Hands = hands;
        _samples = samples.ToDictionary(set => set.Latex);
        _traditional = traditional;
        _latin = Split(hands.Where(hand => hand.Style == HandStyle.Latin));
        _han = Split(hands.Where(hand => hand.Style != HandStyle.Latin));
        HanCoverage = Coverage(_han[0]);
        HeldOutHanCoverage = Coverage(_han[1]);
    }

    /// <summary>Every hand, held-out ones included.</summary>
    public IReadOnlyList<Hand> Hands { get; }

    /// <summary>Chinese characters with the number of training hands that can write each.</summary>
    public IReadOnlyDictionary<int, int> HanCoverage { get; }

    /// <summary>Chinese characters with the number of held-out hands that can write each.</summary>
    public IReadOnlyDictionary<int, int> HeldOutHanCoverage { get; }

    /// <summary>The symbols (as LaTeX) of which there are real handwritten samples.</summary>
    public IReadOnlyCollection<string> SampledSymbols => _samples.Keys;

    /// <summary>Loads the file that the <c>assets</c> command wrote.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or something else.</exception>
    public static InkAssets Load(string path)
    {
        var (hands, samples, traditional) = AssetFile.Read(path);
        return new InkAssets(hands, samples, traditional);
    }

    internal IReadOnlyList<Hand> Latin(bool heldOut) => _latin[heldOut ? 1 : 0];

    internal IReadOnlyList<Hand> Han(bool heldOut) => _han[heldOut ? 1 : 0];

    internal Outline[] Samples(string latex, bool heldOut) =>
        _samples.TryGetValue(latex, out var set) ? heldOut ? set.HeldOut : set.Training : [];

    /// <summary>The traditional form of a simplified character, or the character itself.</summary>
    internal int Traditional(int codePoint) => _traditional.GetValueOrDefault(codePoint, codePoint);

    private static Dictionary<int, int> Coverage(Hand[] hands) =>
        hands.SelectMany(hand => hand.CodePoints).Where(IsHan).GroupBy(code => code).ToDictionary(group => group.Key, group => group.Count());

    private static bool IsHan(int codePoint) => codePoint is >= 0x4E00 and <= 0x9FFF;

    private static Hand[][] Split(IEnumerable<Hand> hands)
    {
        var groups = hands.ToLookup(hand => hand.HeldOut);
        return [[.. groups[false]], [.. groups[true]]];
    }
}
