using EduVision.Model.Imaging;

namespace EduVision.Model.Chat;

/// <summary>Who speaks.</summary>
public enum ChatRole
{
    /// <summary>Instructions for the whole conversation; only as the first message.</summary>
    System,

    /// <summary>The person.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}

/// <summary>A part of a message.</summary>
public abstract record ContentPart;

/// <summary>Text. Whatever it says, it is text: special tokens spelled in it are not special.</summary>
public sealed record TextPart(string Text) : ContentPart;

/// <summary>An image, by the grid its patches have; the pixels travel apart, in the order of the images.</summary>
public sealed record ImagePart(ImageGrid Grid) : ContentPart;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Content">Its parts, in order; images only in a user's turn.</param>
public sealed record ChatMessage(ChatRole Role, IReadOnlyList<ContentPart> Content)
{
    /// <summary>A turn of text alone.</summary>
    public ChatMessage(ChatRole role, string text) : this(role, [new TextPart(text)]) { }

    /// <summary>A user's turn: the images, then the text.</summary>
    public static ChatMessage User(IEnumerable<ImageGrid> images, string text) =>
        new(ChatRole.User, [.. images.Select(grid => new ImagePart(grid)), new TextPart(text)]);
}
