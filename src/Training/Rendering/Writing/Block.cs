using SkiaSharp;

namespace EduVision.Training.Rendering.Writing;

/// <summary>A piece of set mathematics: marks around an origin on the baseline at its left, with the bounds of its ink.</summary>
internal sealed class Block
{
    public List<Mark> Marks { get; } = [];

    public SKRect Bounds { get; private set; } = SKRect.Empty;

    public bool IsEmpty => Marks.Count == 0;

    public void Add(Mark mark)
    {
        Include(mark.Bounds());
        Marks.Add(mark);
    }

    /// <summary>Takes over another block's marks, moved.</summary>
    public void Add(Block other, float dx, float dy)
    {
        if (other.IsEmpty) return;
        foreach (var mark in other.Marks)
        {
            mark.Move(dx, dy);
            Marks.Add(mark);
        }
        var moved = other.Bounds;
        moved.Offset(dx, dy);
        Include(moved, first: Marks.Count == other.Marks.Count);
    }

    private void Include(SKRect rect) => Include(rect, first: IsEmpty);

    private void Include(SKRect rect, bool first) => Bounds = first ? rect : SKRect.Union(Bounds, rect);
}
