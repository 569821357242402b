using EduVision.Model.Imaging;

namespace EduVision.Model.Chat;

/// <summary>A piece of a rendered conversation: a special token, text in which none is special, or an image.</summary>
internal readonly record struct PromptPiece(string? Token, string? Text, ImageGrid? Image)
{
    public static PromptPiece OfToken(string content) => new(content, null, null);

    public static PromptPiece OfText(string text) => new(null, text, null);

    public static PromptPiece OfImage(ImageGrid grid) => new(null, null, grid);
}
