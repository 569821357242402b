using OpenTelemetry.Metrics;

namespace EduVision.Inference.Telemetry;

/// <summary>Sends the metrics over OTLP where the standard variable names a collector.</summary>
internal static class TelemetrySetup
{
    public static void AddEngineTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        if (string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"])) return;
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(EngineMetrics.MeterName)
            .AddAspNetCoreInstrumentation()
            .AddOtlpExporter());
    }
}
