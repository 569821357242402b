namespace EduVision.Training.Rendering;

/// <summary>How a hand writes; decides which pens and papers suit it.</summary>
public enum HandStyle
{
    /// <summary>Everyday Latin handwriting: digits, letters, operators.</summary>
    Latin,

    /// <summary>Chinese written with a pen, running or regular.</summary>
    Pen,

    /// <summary>Chinese written with a brush.</summary>
    Brush,

    /// <summary>Regular script (楷) as printed or carved.</summary>
    Kai,

    /// <summary>Song (宋) and antique book faces.</summary>
    Song,

    /// <summary>Plain and playful faces, as on posters.</summary>
    Plain,
}

/// <summary>The shapes of one writer: a font's outlines, or the lines that a pen follows.</summary>
public sealed class Hand
{
    private const float PenNib = 48f;

    private readonly Dictionary<int, Outline> _outlines;

    internal Hand(string name, HandStyle style, bool heldOut, Dictionary<int, Outline> outlines, bool isStroked = false)
    {
        IsStroked = isStroked;
        Name = name;
        Style = style;
        HeldOut = heldOut;
        _outlines = outlines;
        var nibs = outlines.Values.Select(o => o.Nib).Order().ToArray();
        Nib = isStroked ? PenNib : nibs.Length == 0 ? 0 : nibs[nibs.Length / 2];
    }

    /// <summary>The font's package name.</summary>
    public string Name { get; }

    /// <summary>How it writes.</summary>
    public HandStyle Style { get; }

    /// <summary>The outlines are the lines that a pen follows, one from each <see cref="OutlineVerb.Move"/> on; nothing is filled.</summary>
    public bool IsStroked { get; }

    /// <summary>Kept away from training; drawn only for held-out photos.</summary>
    public bool HeldOut { get; }

    /// <summary>Median stroke width in outline units (digits are 700 high, Chinese characters 1000).</summary>
    internal float Nib { get; }

    /// <summary>The code points this hand can write.</summary>
    public IReadOnlyCollection<int> CodePoints => _outlines.Keys;

    /// <summary>Whether this hand can write the code point.</summary>
    public bool Has(int codePoint) => _outlines.ContainsKey(codePoint);

    internal Outline? Find(int codePoint) => _outlines.GetValueOrDefault(codePoint);
}
