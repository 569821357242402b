using System.Text.Json;
using EduVision.Model.Configuration;

namespace EduVision.Model.Weights;

/// <summary>
/// The header of a safetensors file: 8 bytes of length (little endian), then JSON of names, types, shapes and offsets.
/// Everything it promises is checked against the file's size here, before a byte of data is used.
/// </summary>
internal sealed class SafetensorsHeader
{
    public const int LengthBytes = 8;

    // The limit of the reference implementation.
    public const long MaxLength = 100_000_000;

    private readonly string path;
    private readonly long dataStart;
    private readonly long dataLength;

    private SafetensorsHeader(string path, long dataStart, long dataLength)
    {
        this.path = path;
        this.dataStart = dataStart;
        this.dataLength = dataLength;
    }

    public Dictionary<string, StoredTensor> Tensors { get; } = [];

    public Dictionary<string, string> Metadata { get; } = [];

    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long fileLength)
    {
        var start = LengthBytes + json.Length;
        var header = new SafetensorsHeader(path, start, fileLength - start);
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            header.Read(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new ModelFileException(path, $"not a safetensors file: its header is not valid JSON ({exception.Message})", exception);
        }

        header.CheckCoverage();
        return header;
    }

    private void Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new ModelFileException(path, $"not a safetensors file: its header is {root.ValueKind}, expected an object.");
        }

        foreach (var property in root.EnumerateObject())
        {
            if (property.Name == "__metadata__")
            {
                ReadMetadata(property.Value);
            }
            else if (!Tensors.TryAdd(property.Name, ReadTensor(property.Name, property.Value)))
            {
                throw new ModelFileException(path, $"tensor `{property.Name}` is described twice.");
            }
        }
    }

    private void ReadMetadata(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || element.EnumerateObject().Any(entry => entry.Value.ValueKind != JsonValueKind.String))
        {
            throw new ModelFileException(path, "`__metadata__` holds something else than strings.");
        }

        foreach (var entry in element.EnumerateObject())
        {
            Metadata[entry.Name] = entry.Value.GetString()!;
        }
    }

    private StoredTensor ReadTensor(string name, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object
            || !element.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String
            || !element.TryGetProperty("shape", out var shapes)
            || !element.TryGetProperty("data_offsets", out var offsets))
        {
            throw new ModelFileException(path, $"tensor `{name}` lacks dtype, shape or data_offsets.");
        }

        if (StoredTypes.Parse(dtype.GetString()) is not { } type)
        {
            throw new ModelFileException(path, $"tensor `{name}` has dtype \"{dtype.GetString()}\", expected one of {string.Join(", ", Enum.GetValues<StoredType>().Select(StoredTypes.Spelling))}.");
        }

        var shape = Integers(name, "shape", shapes);
        if (Integers(name, "data_offsets", offsets) is not [var begin, var end] || begin > end || end > dataLength)
        {
            throw new ModelFileException(path, $"tensor `{name}` has data_offsets {offsets.GetRawText()}, but the file holds {dataLength} bytes of data: it is cut short or damaged.");
        }

        var expected = Bytes(name, shape, type);
        return expected == end - begin
            ? new StoredTensor(name, type, shape, dataStart + begin, end - begin)
            : throw new ModelFileException(path, $"tensor `{name}` is {type} {StoredTypes.Show(shape)}, which takes {expected} bytes, but its data_offsets span {end - begin}.");
    }

    private long[] Integers(string name, string field, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            var values = element.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var value) ? value : -1).ToArray();
            if (values.All(value => value >= 0))
            {
                return values;
            }
        }

        throw new ModelFileException(path, $"tensor `{name}` has {field} {element.GetRawText()}, expected a list of integers from 0.");
    }

    private long Bytes(string name, long[] shape, StoredType type)
    {
        try
        {
            return shape.Aggregate((long)type.Size(), (bytes, size) => checked(bytes * size));
        }
        catch (OverflowException exception)
        {
            throw new ModelFileException(path, $"tensor `{name}` has shape {StoredTypes.Show(shape)}, more than a file can hold.", exception);
        }
    }

    /// <summary>Tensors lie one after another, without gap or overlap, to the end of the file.</summary>
    private void CheckCoverage()
    {
        var next = dataStart;
        foreach (var tensor in Tensors.Values.OrderBy(tensor => tensor.Offset).ThenBy(tensor => tensor.Length))
        {
            if (tensor.Offset != next)
            {
                throw new ModelFileException(path, $"tensor `{tensor.Name}` starts at byte {tensor.Offset}, expected {next}: {(tensor.Offset < next ? "it overlaps the one before" : "there is a gap before it")}.");
            }

            next += tensor.Length;
        }

        if (next != dataStart + dataLength)
        {
            throw new ModelFileException(path, $"{dataStart + dataLength - next} bytes follow the last tensor; expected none.");
        }
    }
}
