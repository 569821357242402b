namespace EduVision.Web.History;

/// <summary>Finding and clearing up.</summary>
public static class HistoryExtensions
{
    /// <summary>Registers them.</summary>
    public static WebApplicationBuilder AddHistory(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<HistoryBook>();
        builder.Services.AddScoped<HistoryActions>();
        builder.Services.AddHostedService<Sweeper>();
        return builder;
    }
}
