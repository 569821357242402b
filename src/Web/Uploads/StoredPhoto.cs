using EduVision.Shared;

namespace EduVision.Web.Uploads;

/// <summary>A photo that was checked, turned upright, stripped of metadata and stored.</summary>
/// <param name="Sha256">Lower-case hex SHA-256 of the stored bytes.</param>
/// <param name="Width">Pixels, upright.</param>
/// <param name="Height">Pixels, upright.</param>
public sealed record StoredPhoto(string Sha256, int Width, int Height)
{
    /// <summary>Where the browser gets it.</summary>
    public string Address => $"/uploads/{Sha256}";

    /// <summary>Where the browser gets its small picture.</summary>
    public string Thumbnail => $"/uploads/{Sha256}/thumbnail";
}

/// <summary>Why a photo was not taken.</summary>
/// <param name="code">One of <see cref="FailureCode"/>, or one of the codes here.</param>
/// <param name="parameters">Values for the translated sentence.</param>
public sealed class UploadRefusedException(string code, params (string Name, string Value)[] parameters) : Exception(code)
{
    /// <summary>Nothing was sent.</summary>
    public const string Empty = "upload_empty";

    /// <summary>The bytes are of no kind of image that is taken.</summary>
    public const string WrongKind = "upload_wrong_kind";

    /// <summary>The page is older than the server's memory of it; reload.</summary>
    public const string Stale = "upload_stale_page";

    /// <summary>The stable code.</summary>
    public string Code { get; } = code;

    /// <summary>Values for the translated sentence.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; } = parameters.ToDictionary(p => p.Name, p => p.Value);
}

/// <summary>The body of a refused upload.</summary>
/// <param name="Code">The stable code.</param>
/// <param name="Message">A sentence in the person's language that says what to do.</param>
public sealed record UploadProblem(string Code, string Message);
