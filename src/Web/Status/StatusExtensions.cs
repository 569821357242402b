namespace EduVision.Web.Status;

/// <summary>Watching the inference service.</summary>
public static class StatusExtensions
{
    /// <summary>Registers the monitor.</summary>
    public static WebApplicationBuilder AddStatus(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ServiceMonitor>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ServiceMonitor>());
        return builder;
    }
}
