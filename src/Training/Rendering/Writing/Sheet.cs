using SkiaSharp;

namespace EduVision.Training.Rendering.Writing;

/// <summary>Everything written, before a camera sees it, in outline units.</summary>
internal sealed class Sheet
{
    public List<Mark> Marks { get; } = [];

    public int LineCount { get; init; }

    public required WritingStyle Style { get; init; }

    /// <summary>A printed grid that the writing follows, if any: one square for each character.</summary>
    public List<SKRect> Cells { get; } = [];

    /// <summary>Text columns (or rows); ruled paper puts its lines between them.</summary>
    public List<SKRect> Bands { get; } = [];

    public TextDirection Direction { get; init; } = TextDirection.Horizontal;

    /// <summary>A usual symbol's height, to judge legibility by.</summary>
    public required float SymbolHeight { get; init; }

    /// <summary>Writes what else stands on the page, cut off by the picture's edge; null where nothing does.</summary>
    public Neighbours? Neighbours { get; init; }

    public SKRect Bounds()
    {
        var bounds = SKRect.Empty;
        var first = true;
        foreach (var mark in Marks)
        {
            if (mark.Line < 0) continue;
            bounds = first ? mark.Bounds() : SKRect.Union(bounds, mark.Bounds());
            first = false;
        }
        return bounds;
    }
}
