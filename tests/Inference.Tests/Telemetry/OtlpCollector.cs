using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EduVision.Inference.Tests.Telemetry;

/// <summary>A metric as it arrived last.</summary>
/// <param name="Value">Of a gauge or a sum; of a histogram the count.</param>
/// <param name="Bounds">Of a histogram the bounds of its buckets.</param>
internal sealed record ReceivedMetric(string Unit, double Value, IReadOnlyList<double> Bounds);

/// <summary>A collector that takes OTLP over HTTP in protobuf and keeps what it understands of it.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication app;

    private OtlpCollector(WebApplication app) => this.app = app;

    public Uri Url => new(app.Urls.First());

    public ConcurrentDictionary<string, ReceivedMetric> Metrics { get; } = new();

    /// <summary>The largest value that arrived of each gauge.</summary>
    public ConcurrentDictionary<string, double> Peaks { get; } = new();

    public string ServiceName { get; private set; } = "";

    public static async Task<OtlpCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var collector = new OtlpCollector(app);
        app.Urls.Add("http://127.0.0.1:0");
        app.MapPost("/v1/metrics", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            collector.Take(new ProtobufMessage(body.ToArray()));
            return Results.Bytes([], request.ContentType);
        });
        await app.StartAsync();
        return collector;
    }

    // Field numbers of opentelemetry/proto/metrics/v1/metrics.proto.
    private void Take(ProtobufMessage export)
    {
        foreach (var resource in export.Messages(1))
        {
            foreach (var attribute in resource.Messages(1).SelectMany(inner => inner.Messages(1)))
                if (attribute.Text(1) == "service.name") ServiceName = attribute.Messages(2).Single().Text(1);
            foreach (var metric in resource.Messages(2).SelectMany(scope => scope.Messages(2))) Take(metric.Text(1), metric);
        }
    }

    private void Take(string name, ProtobufMessage metric)
    {
        var (gauge, sum, histogram) = (5, 7, 9);
        foreach (var point in metric.Messages(gauge).Concat(metric.Messages(sum)).SelectMany(data => data.Messages(1)))
        {
            var value = point.Fixed64(4) is { } real ? BitConverter.UInt64BitsToDouble(real) : (long)point.Fixed64(6)!.Value;
            Metrics[name] = new ReceivedMetric(metric.Text(3), value, []);
            Peaks.AddOrUpdate(name, value, (_, peak) => Math.Max(peak, value));
        }
        foreach (var point in metric.Messages(histogram).SelectMany(data => data.Messages(1)))
            Metrics[name] = new ReceivedMetric(metric.Text(3), point.Fixed64(4)!.Value, point.Doubles(7));
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}

/// <summary>A protobuf message as its fields by number; what they mean is the reader's business.</summary>
internal sealed class ProtobufMessage
{
    private readonly List<(int Number, ulong Value, ReadOnlyMemory<byte> Bytes)> fields = [];

    public ProtobufMessage(ReadOnlyMemory<byte> data)
    {
        while (data.Length > 0)
        {
            var tag = Varint(ref data);
            var (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
            var length = wire switch { 1 => 8, 2 => (int)Varint(ref data), 5 => 4, _ => 0 };
            var value = wire switch { 0 => Varint(ref data), 1 => BitConverter.ToUInt64(data.Span[..8]), _ => 0UL };
            fields.Add((number, value, data[..length]));
            data = data[length..];
        }
    }

    public IEnumerable<ProtobufMessage> Messages(int number) => fields.Where(field => field.Number == number).Select(field => new ProtobufMessage(field.Bytes));

    public string Text(int number) => Encoding.UTF8.GetString(fields.Last(field => field.Number == number).Bytes.Span);

    public ulong? Fixed64(int number) => fields.Where(field => field.Number == number).Select(field => (ulong?)field.Value).LastOrDefault();

    // Packed into one field, or one field each.
    public IReadOnlyList<double> Doubles(int number) =>
        [.. fields.Where(field => field.Number == number).SelectMany(field => Enumerable.Range(0, field.Bytes.Length / 8).Select(i => BitConverter.ToDouble(field.Bytes.Span[(8 * i)..])))];

    private static ulong Varint(ref ReadOnlyMemory<byte> data)
    {
        var (value, shift, at) = (0UL, 0, 0);
        byte next;
        do
        {
            next = data.Span[at++];
            value |= (ulong)(next & 0x7F) << shift;
            shift += 7;
        }
        while ((next & 0x80) != 0);
        data = data[at..];
        return value;
    }
}
