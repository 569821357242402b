using EduVision.Shared;
using MudBlazor;
using MudBlazor.Services;

namespace EduVision.Web.Components;

/// <summary>The Blazor pages.</summary>
public static class PagesExtensions
{
    // Everything comes from here: no script, font, picture or frame of anybody else. Inline styles are MudBlazor's and KaTeX's.
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; font-src 'self'; " +
        "connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Registers them.</summary>
    public static WebApplicationBuilder AddPages(this WebApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddAntiforgery(options => options.HeaderName = "X-Request-Token");
        builder.Services.AddMudServices(options =>
        {
            options.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomCenter;
            options.SnackbarConfiguration.MaximumOpacity = 100;
            options.SnackbarConfiguration.VisibleStateDuration = 8000;
            options.SnackbarConfiguration.ShowTransitionDuration = 150;
            options.SnackbarConfiguration.HideTransitionDuration = 150;
        });
        return builder;
    }

    /// <summary>Headers that keep a page ours.</summary>
    public static void UseSecurityHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()";
        return next(context);
    });

    /// <summary>An address where nothing is gets a page that says so.</summary>
    public static void UseNotFoundPage(this WebApplication app) =>
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);

    /// <summary>Maps them, and an address that says that the process serves without rendering a page.</summary>
    public static void MapPages(this WebApplication app)
    {
        app.MapGet(InferenceRoutes.Alive, () => TypedResults.Text("alive"));
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null); // ours is stricter
    }
}
