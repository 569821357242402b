using System.Collections.Immutable;
using EduVision.Training.Notation;

namespace EduVision.Training.Problems;

/// <summary>What a photo shows, before anyone drew it.</summary>
public abstract record Picture;

/// <summary>One line of mathematics; its LaTeX is the exact transcription.</summary>
public sealed record MathPicture(MathNode Line) : Picture;

/// <summary>Chinese characters in vertical columns, the right column first. One column of one character is a single character.</summary>
public sealed record ColumnsPicture(ImmutableArray<string> Columns) : Picture
{
    /// <summary>Two pictures are equal when their columns are.</summary>
    public bool Equals(ColumnsPicture? other) => other is not null && Columns.SequenceEqual(other.Columns);

    /// <inheritdoc/>
    public override int GetHashCode() => Columns.Aggregate(17, (hash, column) => HashCode.Combine(hash, column));
}

/// <summary>Nothing that can be read: a blank page, a landscape, noise. The renderer chooses which.</summary>
public sealed record UnreadablePicture : Picture;
