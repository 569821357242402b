using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EduVision.Shared;

/// <summary>How everything on the wire is written as JSON: the same for server and client, hub and HTTP.</summary>
public static class InferenceJson
{
    private static readonly JsonSerializerOptions Plain = ApplyPlain(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    /// <summary>Options for HTTP bodies.</summary>
    public static JsonSerializerOptions Options { get; } = Apply(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    /// <summary>Sets enumerations as words and the type's word on every <see cref="AnswerEvent"/>.</summary>
    public static JsonSerializerOptions Apply(JsonSerializerOptions options)
    {
        options.Converters.Add(new EventConverterFactory());
        // A type with a converter of its own must not ask for the built-in polymorphism as well.
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver
        {
            Modifiers = { info => info.PolymorphismOptions = info.Type == typeof(AnswerEvent) ? null : info.PolymorphismOptions },
        };
        return ApplyPlain(options);
    }

    private static JsonSerializerOptions ApplyPlain(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        return options;
    }

    // The hub protocol writes a stream item as its run-time type, for which the attributes of its base type do not count:
    // without this an event would cross the wire without its type.
    private sealed class EventConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) => typeToConvert.IsAssignableTo(typeof(AnswerEvent));

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(EventConverter<>).MakeGenericType(typeToConvert))!;
    }

    private sealed class EventConverter<T> : JsonConverter<T>
        where T : AnswerEvent
    {
        public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            JsonSerializer.Deserialize<AnswerEvent>(ref reader, Plain) as T;

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize<AnswerEvent>(writer, value, Plain);
    }
}
