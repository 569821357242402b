using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EduVision.Shared;

/// <summary>How everything on the wire is written as JSON: the same for server and client, hub and HTTP.</summary>
public static class InferenceJson
{
    /// <summary>Options for HTTP bodies.</summary>
    public static JsonSerializerOptions Options { get; } = Apply(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    /// <summary>Sets enumerations as words and the type name on every <see cref="AnswerEvent"/>.</summary>
    public static JsonSerializerOptions Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { NameEvents } };
        return options;
    }

    // The hub protocol serialises a stream item as its run-time type, for which the attributes of the base type do not count.
    private static void NameEvents(JsonTypeInfo info)
    {
        if (info.Type == typeof(AnswerEvent) || !info.Type.IsAssignableTo(typeof(AnswerEvent))) return;
        info.PolymorphismOptions = new JsonPolymorphismOptions
        {
            TypeDiscriminatorPropertyName = "type",
            DerivedTypes = { new JsonDerivedType(info.Type, JsonNamingPolicy.CamelCase.ConvertName(info.Type.Name)) },
        };
    }
}
