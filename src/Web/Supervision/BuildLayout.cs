using Microsoft.Extensions.Configuration.Memory;

namespace EduVision.Web.Supervision;

/// <summary>Settings under all others: the address, and what the build knows: where it put the inference service, the model and the data folder.</summary>
public static class BuildLayout
{
    /// <summary>Adds them. A publish has no build layout: the defaults of the options fit its own.</summary>
    public static WebApplicationBuilder AddDefaults(this WebApplicationBuilder builder)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "build-layout.json");
        if (File.Exists(file))
        {
            var layout = new ConfigurationBuilder().AddJsonFile(file).Build();
            builder.Configuration.Sources.Insert(0, new ChainedConfigurationSource { Configuration = layout, ShouldDisposeConfiguration = true });
            // From a build, static files still lie in the source folders and the packages.
            builder.WebHost.UseStaticWebAssets();
        }
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = [new(WebHostDefaults.ServerUrlsKey, "http://localhost:5080")] });
        return builder;
    }
}
