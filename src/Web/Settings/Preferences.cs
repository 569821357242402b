namespace EduVision.Web.Settings;

/// <summary>Which colours a person wants.</summary>
public enum ColourScheme
{
    /// <summary>As the system has it.</summary>
    System,

    /// <summary>Always light.</summary>
    Light,

    /// <summary>Always dark.</summary>
    Dark,
}

/// <summary>What a person chose, kept in cookies so that the first byte of a page is already right.</summary>
/// <param name="Colours">The choice.</param>
/// <param name="SystemIsDark">What the system had at the last visit.</param>
/// <param name="KeepReasoningOpen">True when reasoning stays unfolded.</param>
public sealed record Preferences(ColourScheme Colours, bool SystemIsDark, bool KeepReasoningOpen)
{
    /// <summary>Cookie of <see cref="Colours"/>.</summary>
    public const string ColoursCookie = "colours";

    /// <summary>Cookie of <see cref="SystemIsDark"/>.</summary>
    public const string SystemCookie = "system-dark";

    /// <summary>Cookie of <see cref="KeepReasoningOpen"/>.</summary>
    public const string KeepOpenCookie = "keep-open";

    /// <summary>True when the page is dark.</summary>
    public bool IsDark => Colours == ColourScheme.Dark || (Colours == ColourScheme.System && SystemIsDark);

    /// <summary>Reads the cookies; what makes no sense counts as not there.</summary>
    public static Preferences From(IRequestCookieCollection cookies) => new(
        cookies[ColoursCookie] switch { "light" => ColourScheme.Light, "dark" => ColourScheme.Dark, _ => ColourScheme.System },
        cookies[SystemCookie] == "1",
        cookies[KeepOpenCookie] == "1");
}
