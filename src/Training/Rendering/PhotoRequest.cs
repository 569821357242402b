using EduVision.Training.Notation;

namespace EduVision.Training.Rendering;

/// <summary>How the picture came to be.</summary>
public enum PhotoLook
{
    /// <summary>Drawn by lot; mostly <see cref="Photo"/>.</summary>
    Any,

    /// <summary>A phone photo of paper, a board or a rubbing.</summary>
    Photo,

    /// <summary>Ink of a tablet: thin dark strokes on plain white.</summary>
    Tablet,

    /// <summary>Cut out and binarised: white ink on black (sometimes black on white), as calligraphy collections publish single characters.</summary>
    Cutout,
}

/// <summary>Which way text runs.</summary>
public enum TextDirection
{
    /// <summary>Columns from top to bottom, the first at the right.</summary>
    Vertical,

    /// <summary>Rows from left to right, the first at the top.</summary>
    Horizontal,
}

/// <summary>Which forms of the characters stand on the page; the request's text is simplified.</summary>
public enum CharacterForms
{
    /// <summary>As written in the request.</summary>
    AsGiven,

    /// <summary>The traditional form where it differs and the hand has it.</summary>
    Traditional,
}

/// <summary>What is wrong with a photo that nobody can read.</summary>
public enum UnreadableKind
{
    /// <summary>Empty paper, ruled or plain.</summary>
    Blank,

    /// <summary>Sky, hills, water, sun.</summary>
    Landscape,

    /// <summary>Noise, or a texture close up.</summary>
    Noise,

    /// <summary>Writing lost in defocus or motion.</summary>
    Blurred,

    /// <summary>Scribbles that mean nothing.</summary>
    Scribble,

    /// <summary>Writing lost in the dark.</summary>
    Dark,

    /// <summary>Things on a table.</summary>
    Objects,

    /// <summary>Writing much too small or too faint.</summary>
    Faint,
}

/// <summary>A photo to make; the picture has exactly the given size in pixels.</summary>
/// <param name="Width">Pixels, a multiple of 32.</param>
/// <param name="Height">Pixels, a multiple of 32.</param>
public abstract record PhotoRequest(int Width, int Height)
{
    /// <summary>Draws with held-out hands and held-out symbol scans only. Training must leave it false.</summary>
    public bool HeldOut { get; init; }

    /// <summary>How the picture came to be.</summary>
    public PhotoLook Look { get; init; }
}

/// <summary>Handwritten mathematics, one node a line.</summary>
public sealed record MathPhoto(int Width, int Height, IReadOnlyList<MathNode> Lines) : PhotoRequest(Width, Height)
{
    /// <summary>A photo of one line.</summary>
    public MathPhoto(int width, int height, MathNode line) : this(width, height, [line]) { }
}

/// <summary>Text, one string a column or row; a single character is a column of one.</summary>
public sealed record TextPhoto(int Width, int Height, IReadOnlyList<string> Lines) : PhotoRequest(Width, Height)
{
    /// <summary>Which way the text runs.</summary>
    public TextDirection Direction { get; init; }

    /// <summary>Which forms of the characters are drawn.</summary>
    public CharacterForms Forms { get; init; }
}

/// <summary>A photo that must be refused.</summary>
public sealed record UnreadablePhoto(int Width, int Height, UnreadableKind Kind) : PhotoRequest(Width, Height);
