using System.Collections.Immutable;
using System.Globalization;
using EduVision.Training.Notation;

namespace EduVision.Training.Problems.Arithmetic;

/// <summary>The written operations. <see cref="Juxtapose"/> is a coefficient before x or a bracket, <see cref="Over"/> a fraction bar over more than a number.</summary>
internal enum Operator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Juxtapose,
    Over,
}

/// <summary>An expression whose shape is the order of evaluation; brackets are written where that shape needs them.</summary>
internal abstract record Expression
{
    protected const int Sum = 1, Product = 2, Atom = 3;

    /// <summary>Whether this is a number, with nothing left to do.</summary>
    public virtual bool IsNumber => false;

    /// <summary>The expression as it is written.</summary>
    public Row ToMath()
    {
        var symbols = new List<MathNode>();
        Write(symbols, Sum, isLeftmost: true);
        return new Row(symbols);
    }

    /// <summary>The LaTeX of <see cref="ToMath"/>.</summary>
    public string ToLatex() => ToMath().ToLatex();

    /// <summary>Appends the symbols; brackets are added when the own precedence is below <paramref name="precedence"/>.</summary>
    internal abstract void Write(List<MathNode> symbols, int precedence, bool isLeftmost);
}

/// <summary>The unknown.</summary>
internal sealed record Unknown : Expression
{
    internal override void Write(List<MathNode> symbols, int precedence, bool isLeftmost) => symbols.Add(new Symbol("x"));
}

/// <summary>An integer, or a fraction as written (it may be unreduced); the denominator is positive.</summary>
internal sealed record Number(long Numerator, long Denominator = 1) : Expression
{
    public override bool IsNumber => true;

    public bool IsInteger => Denominator == 1;

    public bool IsNegative => Numerator < 0;

    public Rational Value => new(Numerator, Denominator);

    public static Number Of(Rational value) => new((long)value.Numerator, (long)value.Denominator);

    internal override void Write(List<MathNode> symbols, int precedence, bool isLeftmost)
    {
        var bracketed = IsNegative && !isLeftmost;
        if (bracketed) symbols.Add(new Symbol("("));
        if (IsNegative) symbols.Add(new Symbol("-"));
        if (IsInteger) symbols.AddRange(Digits(Numerator));
        else symbols.Add(new Fraction(new Row(Digits(Numerator)), new Row(Digits(Denominator))));
        if (bracketed) symbols.Add(new Symbol(")"));
    }

    internal static ImmutableArray<MathNode> Digits(long value) =>
        [.. Math.Abs(value).ToString(CultureInfo.InvariantCulture).Select(digit => new Symbol(digit.ToString()))];
}

/// <summary>A minus sign before a term or a bracket.</summary>
internal sealed record Negation(Expression Operand) : Expression
{
    internal override void Write(List<MathNode> symbols, int precedence, bool isLeftmost)
    {
        if (!isLeftmost) symbols.Add(new Symbol("("));
        symbols.Add(new Symbol("-"));
        Operand.Write(symbols, Product, isLeftmost: false);
        if (!isLeftmost) symbols.Add(new Symbol(")"));
    }
}

/// <summary>An operation on two expressions.</summary>
internal sealed record Operation(Operator Operator, Expression Left, Expression Right) : Expression
{
    public bool IsSum => Operator is Operator.Add or Operator.Subtract;

    /// <summary>Whether both sides are numbers, so that it is the next thing one can work out.</summary>
    public bool IsReady => Left.IsNumber && Right.IsNumber;

    internal override void Write(List<MathNode> symbols, int precedence, bool isLeftmost)
    {
        if (Operator == Operator.Over)
        {
            symbols.Add(new Fraction(Left.ToMath(), Right.ToMath()));
            return;
        }
        var own = IsSum ? Sum : Product;
        var bracketed = own < precedence;
        if (bracketed) symbols.Add(new Symbol("("));
        Left.Write(symbols, own, isLeftmost || bracketed);
        var sign = Operator switch
        {
            Operator.Add => "+",
            Operator.Subtract => "-",
            Operator.Multiply => @"\times",
            Operator.Divide => @"\div",
            _ => null,
        };
        if (sign is not null) symbols.Add(new Symbol(sign));
        // The right side of a sum is bracketed when it is a sum itself, of a product when it is any operation: the shape is the order.
        Right.Write(symbols, own + 1, isLeftmost: false);
        if (bracketed) symbols.Add(new Symbol(")"));
    }
}
