using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace EduVision.Inference.Telemetry;

/// <summary>Sends the metrics over OTLP where a standard variable names a collector.</summary>
internal static class TelemetrySetup
{
    public static void AddEngineTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        if (string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? configuration["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"])) return;
        services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(configuration["OTEL_SERVICE_NAME"] ?? "eduvision-inference"))
            .WithMetrics(metrics => metrics
                .AddMeter(EngineMetrics.MeterName)
                .AddAspNetCoreInstrumentation()
                .AddOtlpExporter());
    }
}
