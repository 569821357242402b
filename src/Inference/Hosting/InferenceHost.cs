using EduVision.Inference.Engine;
using EduVision.Inference.Hub;
using EduVision.Inference.Images;
using EduVision.Inference.OpenAi;
using EduVision.Inference.Requests;
using EduVision.Inference.Runners;
using EduVision.Inference.Telemetry;
using EduVision.Shared;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Hosting;

/// <summary>The service as a web application: what it consists of, and what it answers to.</summary>
public static class InferenceHost
{
    /// <summary>Builds the service.</summary>
    /// <param name="configure">What the command line says; wins over configuration files and the environment.</param>
    /// <param name="loadRunner">Loads the model's runner, on the engine's thread.</param>
    /// <param name="place">Decides before where the model runs and in how much memory; null for a place that nobody plans.</param>
    public static WebApplication Build(
        Action<InferenceOptions> configure, Func<IServiceProvider, ModelRunner> loadRunner, Func<IServiceProvider, Placement>? place = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        // What was loaded, and into how much memory: once, at the start.
        builder.Logging.AddFilter(typeof(ModelRunner).Namespace, LogLevel.Information);
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));

        builder.Services.AddOptions<InferenceOptions>()
            .BindConfiguration(InferenceOptions.Section)
            .Configure(options => options.Key = Environment.GetEnvironmentVariable("EDUVISION_KEY") ?? options.Key)
            .Configure(configure)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<InferenceOptions>, InferenceOptionsValidator>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services =>
        {
            var options = services.GetRequiredService<IOptions<InferenceOptions>>().Value;
            return new ServedModel(ModelLocator.Find(options.ModelDirectory), options.ImageTokens);
        });
        builder.Services.AddSingleton(services => place?.Invoke(services) ?? Placement.Unplanned(services.GetRequiredService<IOptions<InferenceOptions>>().Value, "cpu"));
        builder.Services.AddSingleton<EngineMetrics>();
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<InferenceEngine>(services, () => loadRunner(services)));
        builder.Services.AddHostedService(services => services.GetRequiredService<InferenceEngine>());
        builder.Services.AddSingleton<ImageStore>();
        builder.Services.AddSingleton<RequestPreparer>();
        builder.Services.AddSingleton<RequestRegistry>();
        builder.Services.AddEngineTelemetry(builder.Configuration);
        builder.Services.AddRoutingCore();
        builder.Services.AddSignalR(hub => hub.MaximumReceiveMessageSize = 4 << 20)
            .AddJsonProtocol(json => InferenceJson.Apply(json.PayloadSerializerOptions));
        builder.Services.AddOptions<Microsoft.AspNetCore.SignalR.HubOptions>()
            .Configure<IOptions<InferenceOptions>>((hub, options) => hub.KeepAliveInterval = options.Value.Heartbeat);

        var app = builder.Build();
        foreach (var url in app.Services.GetRequiredService<IOptions<InferenceOptions>>().Value.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries)) app.Urls.Add(url);
        app.UseMiddleware<KeyAuthentication>();
        app.MapStatus();
        app.MapImages();
        app.MapHub<InferenceHub>(InferenceRoutes.Hub);
        app.MapOpenAi();
        return app;
    }
}
