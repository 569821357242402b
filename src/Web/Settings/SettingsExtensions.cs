namespace EduVision.Web.Settings;

/// <summary>A person's choices.</summary>
public static class SettingsExtensions
{
    /// <summary>Registers them, one for each circuit.</summary>
    public static WebApplicationBuilder AddSettings(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<PersonalSettings>();
        return builder;
    }
}
