using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace EduVision.Web.Data;

/// <summary>The database, the data folder, and the keys in it.</summary>
public static class DataExtensions
{
    /// <summary>Registers them.</summary>
    public static WebApplicationBuilder AddData(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<DataOptions>().BindConfiguration("Data").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<DataDirectory>();
        builder.Services.AddDbContextFactory<EduVisionDb>((services, options) =>
            options.UseSqlite($"Data Source={services.GetRequiredService<DataDirectory>().Database};Default Timeout=30"));
        builder.Services.AddDataProtection().SetApplicationName("EduVision");
        builder.Services.AddOptions<Microsoft.AspNetCore.DataProtection.KeyManagement.KeyManagementOptions>()
            .Configure<DataDirectory, ILoggerFactory>((options, data, logs) => options.XmlRepository =
                new Microsoft.AspNetCore.DataProtection.Repositories.FileSystemXmlRepository(Directory.CreateDirectory(data.Keys), logs));
        return builder;
    }

    /// <summary>Brings the database to this version's schema.</summary>
    public static async Task MigrateDataAsync(this WebApplication app)
    {
        var factory = app.Services.GetRequiredService<IDbContextFactory<EduVisionDb>>();
        await using var db = await factory.CreateDbContextAsync();
        await db.Database.MigrateAsync();
        // Readers and the recorders' writes do not wait for each other.
        await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL;");
    }
}
