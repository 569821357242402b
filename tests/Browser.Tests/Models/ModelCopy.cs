using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace EduVision.Browser.Tests.Models;

/// <summary>A checkpoint folder copied into a temporary one, whose files a test changes.</summary>
internal sealed class ModelCopy
{
    private const string IndexFile = "model.safetensors.index.json";

    private readonly Dictionary<string, string> fileOf = [];

    /// <summary>Copies <paramref name="source"/>.</summary>
    public ModelCopy(string source)
    {
        Folder = Directory.CreateTempSubdirectory("eduvision-model-").FullName;
        foreach (var file in Directory.EnumerateFiles(source)) File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)));
        foreach (var file in Directory.EnumerateFiles(Folder, "*.safetensors"))
        {
            foreach (var (name, _) in Header(File.ReadAllBytes(file)).Where(tensor => tensor.Key != "__metadata__")) fileOf[name] = file;
        }
    }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Names of all tensors.</summary>
    public IEnumerable<string> Tensors => fileOf.Keys;

    /// <summary>Changes one of its JSON files.</summary>
    public void Change(string file, Action<JsonNode> change)
    {
        var path = Path.Combine(Folder, file);
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    /// <summary>Fills a tensor with zeros, or only some of its rows.</summary>
    public void Zero(string tensor, params int[] rows)
    {
        var bytes = File.ReadAllBytes(fileOf[tensor]);
        var (from, to, shape) = Place(Header(bytes)[tensor]!);
        var data = bytes.AsSpan(8 + HeaderLength(bytes))[from..to];
        var row = data.Length / shape[0];
        if (rows.Length == 0) data.Clear();
        foreach (var number in rows) data.Slice(number * row, row).Clear();
        File.WriteAllBytes(fileOf[tensor], bytes);
    }

    /// <summary>Gives it BF16 tensors, in a file of their own, in place of those of the same names.</summary>
    public void Replace(params IReadOnlyList<(string Name, int[] Shape, float[] Values)> tensors)
    {
        var path = Path.Combine(Folder, "replaced.safetensors");
        var header = new JsonObject();
        var at = 0;
        foreach (var (name, shape, values) in tensors)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = "BF16",
                ["shape"] = new JsonArray([.. shape.Select(side => JsonValue.Create(side))]),
                ["data_offsets"] = new JsonArray(at, at += values.Length * sizeof(ushort)),
            };
            fileOf[name] = path;
        }
        var head = System.Text.Encoding.UTF8.GetBytes(header.ToJsonString());
        using var file = File.Create(path);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, head.Length);
        file.Write(length);
        file.Write(head);
        foreach (var (_, _, values) in tensors)
            file.Write(MemoryMarshal.AsBytes<ushort>([.. values.Select(value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))]));
        var map = new JsonObject(fileOf.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Path.GetFileName(pair.Value))));
        File.WriteAllText(Path.Combine(Folder, IndexFile), new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    // safetensors: the header's length in 8 bytes, the header as JSON, then the tensors.
    private static int HeaderLength(ReadOnlySpan<byte> file) => (int)BinaryPrimitives.ReadInt64LittleEndian(file);

    private static JsonObject Header(ReadOnlySpan<byte> file) => JsonNode.Parse(file.Slice(8, HeaderLength(file)))!.AsObject();

    private static (int From, int To, int[] Shape) Place(JsonNode tensor) =>
        ((int)tensor["data_offsets"]![0]!, (int)tensor["data_offsets"]![1]!, [.. tensor["shape"]!.AsArray().Select(side => (int)side!)]);
}
