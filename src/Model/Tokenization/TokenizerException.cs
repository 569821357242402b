namespace EduVision.Model.Tokenization;

/// <summary>A tokenizer file that is missing, damaged, or asks for something this implementation does not do; the message names the file.</summary>
public sealed class TokenizerException(string message, Exception? inner = null) : Exception(message, inner);
