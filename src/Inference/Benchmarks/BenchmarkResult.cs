using System.Text.Json;
using System.Text.Json.Serialization;

namespace EduVision.Inference.Benchmarks;

/// <summary>Medians of a benchmark.</summary>
internal sealed record BenchmarkResult(
    string Model, string ModelHash, string Device, int Runs, int Tokens,
    double ReadySeconds, double FirstTokenSeconds, double TokensPerSecondAlone, double TokensPerSecondOfEight)
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };
}
