using System.Text.Json;

namespace EduVision.Model.Configuration;

/// <summary>An object of a model folder's JSON file, read field by field; what is wrong names the file and the field.</summary>
internal sealed class JsonFields
{
    private const int LongestShown = 80;

    private readonly JsonElement fields;

    private JsonFields(string file, string prefix, JsonElement element)
    {
        File = file;
        Prefix = prefix;
        fields = element;
    }

    public string File { get; }

    /// <summary>The path of this object inside the file, ending in a dot; empty at the root.</summary>
    public string Prefix { get; }

    /// <summary>Names of all fields.</summary>
    public IEnumerable<string> Names => fields.EnumerateObject().Select(property => Decoded(() => property.Name));

    /// <exception cref="ModelFileException">The file is missing or is no JSON object.</exception>
    public static JsonFields Read(string path)
    {
        var json = ModelFile.Read(path);
        try
        {
            using var document = JsonDocument.Parse(json);
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

    public int? Integer(string name) => Find(name) is { } element ? IntegerOf(name, element) : null;

    public int RequiredInteger(string name) => Integer(name) ?? throw Missing(name, "an integer");

    public int Positive(string name, int? otherwise = null)
    {
        var value = Integer(name) ?? otherwise ?? throw Missing(name, "a positive integer");
        return value > 0 ? value : throw Refused(name, $"{value}", "a positive integer");
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

    public string? Text(string name) => Find(name) is { } element ? TextOf(name, element) : null;

    public string RequiredText(string name) => Text(name) ?? throw Missing(name, "a string");

    public IReadOnlyList<int>? Integers(string name) => Items(name)?.ConvertAll(item => IntegerOf(name, item));

    public IReadOnlyList<double>? Numbers(string name) => Items(name)?.ConvertAll(
        item => item.ValueKind == JsonValueKind.Number ? item.GetDouble() : throw Wrong(name, item, "numbers only"));

    public IReadOnlyList<string>? Texts(string name) => Items(name)?.ConvertAll(item => TextOf(name, item));

    /// <summary>A list of objects; what is wrong in one names its place, such as <c>added_tokens[3].id</c>.</summary>
    public IReadOnlyList<JsonFields>? Objects(string name) => Items(name)?.Select((item, i) => item.ValueKind == JsonValueKind.Object
        ? new JsonFields(File, $"{Prefix}{name}[{i}].", item)
        : throw Wrong($"{name}[{i}]", item, "an object")).ToList();

    /// <summary>A list of integers, or one integer for a list of one, as <c>eos_token_id</c> comes.</summary>
    public IReadOnlyList<int>? OneOrMoreIntegers(string name) =>
        Find(name) is { ValueKind: JsonValueKind.Number } ? [RequiredInteger(name)] : Integers(name);

    /// <summary>A list of pairs, each <c>["a", "b"]</c> or <c>"a b"</c>, as the merges of a vocabulary come.</summary>
    public IReadOnlyList<(string First, string Second)>? Pairs(string name) => Items(name)?.ConvertAll(item => item switch
    {
        { ValueKind: JsonValueKind.Array } when item.GetArrayLength() == 2 => (TextOf(name, item[0]), TextOf(name, item[1])),
        { ValueKind: JsonValueKind.String } when TextOf(name, item).Split(' ') is [{ Length: > 0 } first, { Length: > 0 } second] => (first, second),
        _ => throw Wrong(name, item, "pairs of strings"),
    });

    /// <summary>All fields of an object of integers, such as the ids of a vocabulary.</summary>
    public IEnumerable<KeyValuePair<string, int>> AllIntegers() =>
        fields.EnumerateObject().Select(property => KeyValuePair.Create(Decoded(() => property.Name), IntegerOf(property.Name, property.Value)));

    public ModelFileException Missing(string name, string expected) =>
        new(File, $"`{Prefix}{name}` is missing, expected {expected}.");

    /// <param name="name">The field.</param>
    /// <param name="found">What it says.</param>
    /// <param name="expected">What it could have said.</param>
    public ModelFileException Refused(string name, string found, string expected) =>
        new(File, $"`{Prefix}{name}` is {found}, expected {expected}.");

    private ModelFileException Wrong(string name, JsonElement element, string expected)
    {
        var found = element.GetRawText();
        return Refused(name, found.Length <= LongestShown ? found : $"{found[..LongestShown]}…", expected);
    }

    private int IntegerOf(string name, JsonElement element) => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value)
        ? value
        : throw Wrong(name, element, element.ValueKind == JsonValueKind.Number ? $"an integer of at most {int.MaxValue}" : "an integer");

    private string TextOf(string name, JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? Decoded(() => element.GetString()!) : throw Wrong(name, element, "a string");

    // The parser leaves strings as they are: damaged ones show when they are read.
    private string Decoded(Func<string> text)
    {
        try
        {
            return text();
        }
        catch (InvalidOperationException exception)
        {
            throw new ModelFileException(File, $"`{Prefix.TrimEnd('.')}` holds bytes that are no text; the file is damaged.", exception);
        }
    }

    private List<JsonElement>? Items(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } element => [.. element.EnumerateArray()],
        { } element => throw Wrong(name, element, "a list"),
    };

    /// <summary>The field's value; an explicit null counts as absent, as the reference writes unset fields.</summary>
    private JsonElement? Find(string name) =>
        fields.TryGetProperty(name, out var element) && element.ValueKind != JsonValueKind.Null ? element : null;
}
