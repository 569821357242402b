using Bunit;
using EduVision.Web.History;
using EduVision.Web.Localization;
using EduVision.Web.Questions;
using EduVision.Web.Settings;
using EduVision.Web.Status;
using EduVision.Web.Uploads;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MudBlazor.Services;

namespace EduVision.Web.Tests.Components;

/// <summary>Components over the services of a real application; only the browser is missing.</summary>
public sealed class PageContext : BunitContext
{
    /// <summary>Takes the application's services.</summary>
    public PageContext(WebApp app)
    {
        var services = app.Services;
        Services.AddMudServices();
        Services.AddSingleton(services.GetRequiredService<QuestionBook>());
        Services.AddSingleton(services.GetRequiredService<QuestionChanges>());
        Services.AddSingleton(services.GetRequiredService<EduVision.Web.Recording.Recorders>());
        Services.AddSingleton(services.GetRequiredService<HistoryBook>());
        Services.AddSingleton(services.GetRequiredService<ServiceMonitor>());
        Services.AddSingleton(services.GetRequiredService<PhotoStore>());
        Services.AddSingleton(services.GetRequiredService<IOptions<UploadOptions>>());
        Services.AddSingleton(services.GetRequiredService<Microsoft.AspNetCore.Hosting.IWebHostEnvironment>());
        Services.AddSingleton(TimeProvider.System);
        Services.AddScoped<Texts>();
        Services.AddScoped<PersonalSettings>();
        Services.AddScoped<HistoryActions>();
        JSInterop.Mode = JSRuntimeMode.Loose;
        Render<MudBlazor.MudPopoverProvider>();
        Dialogs = Render<MudBlazor.MudDialogProvider>();
        Snackbars = Render<MudBlazor.MudSnackbarProvider>();
    }

    /// <summary>Where dialogs appear.</summary>
    public IRenderedComponent<MudBlazor.MudDialogProvider> Dialogs { get; }

    /// <summary>Where notices appear.</summary>
    public IRenderedComponent<MudBlazor.MudSnackbarProvider> Snackbars { get; }
}
