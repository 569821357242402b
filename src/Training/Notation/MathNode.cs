using System.Collections.Immutable;

namespace EduVision.Training.Notation;

/// <summary>
/// Mathematics as it stands on paper: what a renderer draws and what a transcription says. It knows nothing of values.
/// </summary>
public abstract record MathNode
{
    /// <summary>The LaTeX a transcription is expected to give: tokens separated by single spaces where LaTeX needs or style wants them.</summary>
    public abstract string ToLatex();
}

/// <summary>One written symbol: a digit, a letter, an operator, a bracket. <paramref name="Latex"/> names it (<c>7</c>, <c>x</c>, <c>\times</c>, <c>=</c>).</summary>
public sealed record Symbol(string Latex) : MathNode
{
    /// <inheritdoc/>
    public override string ToLatex() => Latex;
}

/// <summary>Nodes beside each other on one baseline.</summary>
public sealed record Row(ImmutableArray<MathNode> Children) : MathNode
{
    /// <summary>A row of the given nodes.</summary>
    public Row(params IEnumerable<MathNode> children) : this([.. children]) { }

    /// <inheritdoc/>
    public override string ToLatex()
    {
        var latex = new System.Text.StringBuilder();
        foreach (var child in Children)
        {
            var next = child.ToLatex();
            // A control word swallows letters and digits that follow it: "\times 3", never "\times3".
            if (latex.Length > 0 && char.IsLetterOrDigit(next[0]) && EndsInControlWord(latex)) latex.Append(' ');
            latex.Append(next);
        }
        return latex.ToString();
    }

    private static bool EndsInControlWord(System.Text.StringBuilder latex)
    {
        var i = latex.Length - 1;
        while (i >= 0 && char.IsAsciiLetter(latex[i])) i--;
        return i >= 0 && i < latex.Length - 1 && latex[i] == '\\';
    }

    /// <summary>Two rows are equal when their children are.</summary>
    public bool Equals(Row? other) => other is not null && Children.SequenceEqual(other.Children);

    /// <inheritdoc/>
    public override int GetHashCode() => Children.Aggregate(17, (hash, child) => HashCode.Combine(hash, child));
}

/// <summary>A fraction with a bar.</summary>
public sealed record Fraction(MathNode Numerator, MathNode Denominator) : MathNode
{
    /// <inheritdoc/>
    public override string ToLatex() => $"\\frac{{{Numerator.ToLatex()}}}{{{Denominator.ToLatex()}}}";
}

/// <summary>A base with something raised, lowered, or both.</summary>
public sealed record Script(MathNode Base, MathNode? Superscript, MathNode? Subscript = null) : MathNode
{
    /// <inheritdoc/>
    public override string ToLatex() => Base.ToLatex()
        + (Subscript is null ? "" : $"_{{{Subscript.ToLatex()}}}")
        + (Superscript is null ? "" : $"^{{{Superscript.ToLatex()}}}");
}

/// <summary>A root; <paramref name="Degree"/> is null for a square root.</summary>
public sealed record Radical(MathNode Radicand, MathNode? Degree = null) : MathNode
{
    /// <inheritdoc/>
    public override string ToLatex() => Degree is null
        ? $"\\sqrt{{{Radicand.ToLatex()}}}"
        : $"\\sqrt[{Degree.ToLatex()}]{{{Radicand.ToLatex()}}}";
}
