using System.Text.Json;

namespace EduVision.Model.Configuration;

/// <summary>An object of a model folder's JSON file, read field by field; what is wrong names the file and the field.</summary>
internal readonly struct JsonFields
{
    private readonly JsonElement _object;

    private JsonFields(string file, string prefix, JsonElement element)
    {
        File = file;
        Prefix = prefix;
        _object = element;
    }

    public string File { get; }

    /// <summary>The path of this object inside the file, ending in a dot; empty at the root.</summary>
    public string Prefix { get; }

    public static JsonFields Read(string path)
    {
        if (!System.IO.File.Exists(path))
        {
            throw new ModelFileException(path, "the file is missing; a model folder holds it beside its weights.");
        }

        try
        {
            using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonFields(path, "", document.RootElement.Clone())
                : throw new ModelFileException(path, $"the root is {document.RootElement.ValueKind}, expected an object.");
        }
        catch (JsonException exception)
        {
            throw new ModelFileException(path, $"not valid JSON: {exception.Message}", exception);
        }
    }

    public JsonFields? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } element => new JsonFields(File, $"{Prefix}{name}.", element),
        { } element => throw Wrong(name, element, "an object"),
    };

    public JsonFields RequiredObject(string name) => Object(name) ?? throw Missing(name, "an object");

    public int? Integer(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } element when element.TryGetInt32(out var value) => value,
        { } element => throw Wrong(name, element, "an integer"),
    };

    public int RequiredInteger(string name) => Integer(name) ?? throw Missing(name, "an integer");

    public int Positive(string name, int? otherwise = null)
    {
        var value = Integer(name) ?? otherwise ?? throw Missing(name, "a positive integer");
        return value > 0 ? value : throw new ModelFileException(File, $"`{Prefix}{name}` is {value}, expected a positive integer.");
    }

    public double? Number(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } element => element.GetDouble(),
        { } element => throw Wrong(name, element, "a number"),
    };

    public bool? Flag(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } element => throw Wrong(name, element, "true or false"),
    };

    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } element => element.GetString(),
        { } element => throw Wrong(name, element, "a string"),
    };

    public IReadOnlyList<int>? Integers(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(name, element, "a list of integers");
        }

        var values = new List<int>();
        foreach (var item in element.EnumerateArray())
        {
            values.Add(item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var value) ? value : throw Wrong(name, element, "a list of integers"));
        }

        return values;
    }

    public IReadOnlyList<double>? Numbers(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.Array && element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number)
            ? [.. element.EnumerateArray().Select(item => item.GetDouble())]
            : throw Wrong(name, element, "a list of numbers");
    }

    /// <summary>A list of integers, or one integer for a list of one, as <c>eos_token_id</c> comes.</summary>
    public IReadOnlyList<int>? OneOrMoreIntegers(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Number } ? [RequiredInteger(name)] : Integers(name);

    public IReadOnlyList<string>? Texts(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.Array && element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. element.EnumerateArray().Select(item => item.GetString()!)]
            : throw Wrong(name, element, "a list of strings");
    }

    /// <summary>Names of all fields.</summary>
    public IEnumerable<string> Names() => _object.EnumerateObject().Select(property => property.Name);

    public ModelFileException Missing(string name, string expected) =>
        new(File, $"`{Prefix}{name}` is missing, expected {expected}.");

    private ModelFileException Wrong(string name, JsonElement element, string expected) =>
        new(File, $"`{Prefix}{name}` is {element.GetRawText()}, expected {expected}.");

    /// <summary>The field's value; an explicit null counts as absent, as the reference writes unset fields.</summary>
    private JsonElement? Find(string name) =>
        _object.TryGetProperty(name, out var element) && element.ValueKind != JsonValueKind.Null ? element : null;
}
