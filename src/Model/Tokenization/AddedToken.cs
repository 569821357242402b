namespace EduVision.Model.Tokenization;

/// <summary>A token outside the byte-pair vocabulary, matched whole before anything else when special tokens are allowed.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text, such as <c>&lt;|im_start|&gt;</c>.</param>
/// <param name="Special">True for control tokens, which are no part of a readable text; false for such as <c>&lt;think&gt;</c>.</param>
/// <param name="Normalized">True if it is looked for after Unicode normalisation rather than before.</param>
public sealed record AddedToken(int Id, string Content, bool Special, bool Normalized = false);
