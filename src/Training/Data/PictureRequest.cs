using EduVision.Training.Problems;
using EduVision.Training.Rendering;

namespace EduVision.Training.Data;

/// <summary>How a problem's picture is put on paper.</summary>
public static class PictureRequest
{
    private const double TraditionalShare = 0.2;
    private const double HorizontalShare = 0.15;
    private static readonly UnreadableKind[] Kinds = Enum.GetValues<UnreadableKind>();

    // Least pixels a character and its share of the margins take where people can still read it, and lines' pitch in characters.
    private const double SmallestCell = 26, Pitch = 1.5;

    /// <summary>Whether a picture can become a photo of that size by those hands.</summary>
    public static bool Fits(Picture picture, PhotoSize size, InkAssets assets, bool heldOut) =>
        Suits(picture, size.Shape) && HasRoom(picture, size) && CanWrite(picture, assets, heldOut);

    /// <summary>Whether a picture goes on a photo of that shape: no long lines on narrow crops, no columns on wide ones.</summary>
    private static bool Suits(Picture picture, PhotoShape shape) => (picture, shape) switch
    {
        (MathPicture, PhotoShape.Column) => false,
        (MathPicture math, PhotoShape.Square) => math.Line.ToLatex().Length <= 24,
        (ColumnsPicture text, PhotoShape.Line) => text.Columns.Length <= 2 && text.Columns[0].Length >= 3,
        (ColumnsPicture text, PhotoShape.Square) => text.Columns.Length <= 3 && text.Columns[0].Length <= 4,
        (ColumnsPicture text, PhotoShape.Column) => text.Columns.Length <= 3,
        _ => true,
    };

    /// <summary>Whether the characters of columns (on a line's photo, of rows) stay large enough to read.</summary>
    private static bool HasRoom(Picture picture, PhotoSize size)
    {
        if (picture is not ColumnsPicture text) return true;
        var (along, across) = size.Shape == PhotoShape.Line ? (size.Width, size.Height) : (size.Height, size.Width);
        return along >= SmallestCell * text.Columns.Max(column => column.Length) && across >= SmallestCell * Pitch * text.Columns.Length;
    }

    /// <summary>Whether some hand, of the held-out ones if <paramref name="heldOut"/>, has every character of the picture.</summary>
    private static bool CanWrite(Picture picture, InkAssets assets, bool heldOut) => picture is not ColumnsPicture text
        || text.Columns.All(column => column.All(character => assets.Hands.Any(hand => hand.HeldOut == heldOut && hand.Has(character))));

    /// <summary>The renderer's request; what the picture leaves open is drawn from <paramref name="random"/>.</summary>
    public static PhotoRequest Of(Picture picture, PhotoSize size, bool heldOut, Random random) => picture switch
    {
        MathPicture math => new MathPhoto(size.Width, size.Height, math.Line) { HeldOut = heldOut },
        ColumnsPicture text => new TextPhoto(size.Width, size.Height, text.Columns)
        {
            HeldOut = heldOut,
            Direction = size.Shape == PhotoShape.Line || (size.Shape == PhotoShape.Page && random.NextDouble() < HorizontalShare) ? TextDirection.Horizontal : TextDirection.Vertical,
            Forms = random.NextDouble() < TraditionalShare ? CharacterForms.Traditional : CharacterForms.AsGiven,
        },
        UnreadablePicture => new UnreadablePhoto(size.Width, size.Height, Kinds[random.Next(Kinds.Length)]) { HeldOut = heldOut },
        _ => throw new ArgumentException($"No way to draw a {picture.GetType().Name}.", nameof(picture)),
    };
}
