using Microsoft.JSInterop;

namespace EduVision.Web.Settings;

/// <summary>The preferences of the person in this circuit; a change is kept in a cookie at once.</summary>
public sealed class PersonalSettings(IJSRuntime js)
{
    /// <summary>What is chosen now.</summary>
    public Preferences Current { get; private set; } = new(ColourScheme.System, false, false);

    /// <summary>Raised after a change.</summary>
    public event Action? Changed;

    /// <summary>Takes over what the cookies said when the page was made.</summary>
    public void Start(Preferences preferences) => Current = preferences;

    /// <summary>Chooses colours.</summary>
    public Task ChooseAsync(ColourScheme colours)
    {
        var value = colours switch { ColourScheme.Light => "light", ColourScheme.Dark => "dark", _ => "system" };
        return KeepAsync(Current with { Colours = colours }, Preferences.ColoursCookie, value);
    }

    /// <summary>The system's colours changed.</summary>
    public Task SystemChangedAsync(bool dark) =>
        dark == Current.SystemIsDark ? Task.CompletedTask : KeepAsync(Current with { SystemIsDark = dark }, Preferences.SystemCookie, dark ? "1" : "0");

    /// <summary>Chooses whether reasoning stays unfolded.</summary>
    public Task KeepReasoningOpenAsync(bool open) => KeepAsync(Current with { KeepReasoningOpen = open }, Preferences.KeepOpenCookie, open ? "1" : "0");

    private async Task KeepAsync(Preferences next, string cookie, string value)
    {
        Current = next;
        Changed?.Invoke();
        await js.InvokeVoidAsync("eduvision.keep", cookie, value);
    }
}
