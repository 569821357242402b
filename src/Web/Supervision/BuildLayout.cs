namespace EduVision.Web.Supervision;

/// <summary>What the build knows and nobody should have to say: where it put the inference service, the model and the data folder.</summary>
public static class BuildLayout
{
    /// <summary>Puts the build's settings under all others. A publish has none: the defaults of the options fit its layout.</summary>
    public static WebApplicationBuilder AddBuildLayout(this WebApplicationBuilder builder)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "build-layout.json");
        if (!File.Exists(file)) return builder;
        var layout = new ConfigurationBuilder().AddJsonFile(file).Build();
        builder.Configuration.Sources.Insert(0, new ChainedConfigurationSource { Configuration = layout, ShouldDisposeConfiguration = true });
        // From a build, static files still lie in the source folders and the packages.
        builder.WebHost.UseStaticWebAssets();
        return builder;
    }
}
