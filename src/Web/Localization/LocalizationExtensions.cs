using Microsoft.AspNetCore.Localization;

namespace EduVision.Web.Localization;

/// <summary>Chinese first, English second; chosen by the browser, switchable.</summary>
public static class LocalizationExtensions
{
    private static readonly string[] Languages = ["zh", "en"];

    /// <summary>Registers the texts.</summary>
    public static WebApplicationBuilder AddTexts(this WebApplicationBuilder builder)
    {
        builder.Services.AddScoped<Texts>();
        return builder;
    }

    /// <summary>Chooses the language of each request: the person's choice, then the browser's, then Chinese.</summary>
    public static void UseTexts(this WebApplication app) => app.UseRequestLocalization(options =>
    {
        options.SetDefaultCulture("zh").AddSupportedCultures(Languages).AddSupportedUICultures(Languages);
        options.ApplyCurrentCultureToResponseHeaders = true;
    });

    /// <summary>Maps <c>GET /language?to=en&amp;back=/</c>, which remembers the choice and goes back.</summary>
    public static void MapLanguage(this WebApplication app) => app.MapGet("/language", (string to, string? back, HttpResponse response) =>
    {
        if (Languages.Contains(to))
        {
            response.Cookies.Append(
                CookieRequestCultureProvider.DefaultCookieName,
                CookieRequestCultureProvider.MakeCookieValue(new RequestCulture(to)),
                new CookieOptions { MaxAge = TimeSpan.FromDays(400), IsEssential = true, SameSite = SameSiteMode.Lax, Path = "/" });
        }
        var target = back is ['/', ..] and not ['/', '/' or '\\', ..] ? back : "/";
        return TypedResults.LocalRedirect(target);
    });
}
