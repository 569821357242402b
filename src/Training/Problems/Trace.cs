using System.Globalization;
using System.Text;

namespace EduVision.Training.Problems;

/// <summary>Collects a reasoning trace: the line that was read, then numbered steps.</summary>
internal sealed class Trace
{
    private readonly StringBuilder _text = new();
    private readonly Wording _wording;
    private int _steps;
    private string _label = "";

    /// <summary>Starts with what was read: <paramref name="latex"/> after <paramref name="title"/>.</summary>
    public Trace(Wording wording, string title, string latex)
    {
        _wording = wording;
        _text.Append(title).Append('$').Append(latex).Append('$');
    }

    /// <summary>Names the operation that the next step begins.</summary>
    public void Label(string label) => _label = label;

    /// <summary>A numbered step: statements of mathematics, separated by commas.</summary>
    public void Step(params IEnumerable<string> statements)
    {
        _steps++;
        _text.Append('\n').Append(CultureInfo.InvariantCulture, $"{_steps}. ").Append(_label);
        _label = "";
        _text.AppendJoin(_wording.Comma, statements.Select(statement => $"${statement}$"));
    }

    /// <summary>Adds to the last step what the whole expression has become.</summary>
    public void So(string latex) => _text.Append(_wording.So).Append('$').Append(latex).Append('$');

    /// <summary>A closing line that is no step.</summary>
    public void Line(string text) => _text.Append('\n').Append(text);

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
