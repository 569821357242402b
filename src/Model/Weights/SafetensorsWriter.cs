using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>A tensor to be written: its description first, its data when its turn comes.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Type">Type in the file; the data is converted to it. FP8 takes raw bytes (<c>uint8</c>).</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Read">Makes the tensor, on any device; the writer disposes what it returns.</param>
public sealed record TensorToWrite(string Name, StoredType Type, IReadOnlyList<long> Shape, Func<Tensor> Read)
{
    /// <summary>A tensor that exists already and stays the caller's, in its own type or another.</summary>
    public static TensorToWrite Of(string name, Tensor tensor, StoredType? type = null) =>
        new(name, type ?? StoredTypes.Of(tensor.dtype), tensor.shape, tensor.detach);
}

/// <summary>Writes safetensors files, one tensor in memory at a time.</summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;

    /// <summary>Writes a file beside its final place and renames it, so that a reader never meets half a file.</summary>
    /// <exception cref="InvalidOperationException">A tensor's data has another shape than announced.</exception>
    public static void Write(string path, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Larger elements first, as the reference writes them: every tensor is then aligned to its own element.
        var ordered = tensors.OrderByDescending(tensor => tensor.Type.Size()).ThenBy(tensor => tensor.Name, StringComparer.Ordinal).ToList();
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                WriteHeader(stream, ordered, metadata);
                ordered.ForEach(tensor => WriteData(stream, tensor));
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void WriteHeader(Stream stream, List<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var root = new JsonObject
        {
            ["__metadata__"] = new JsonObject((metadata ?? new Dictionary<string, string> { ["format"] = "pt" })
                .Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value))),
        };
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            var end = offset + tensor.Shape.Aggregate((long)tensor.Type.Size(), (bytes, size) => checked(bytes * size));
            root.Add(tensor.Name, new JsonObject
            {
                ["dtype"] = tensor.Type.Spelling(),
                ["shape"] = new JsonArray([.. tensor.Shape.Select(size => JsonValue.Create(size))]),
                ["data_offsets"] = new JsonArray(offset, end),
            });
            offset = end;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(root);
        var padded = (json.Length + Alignment - 1) / Alignment * Alignment;
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)padded);
        stream.Write(length);
        stream.Write(json);
        for (var i = json.Length; i < padded; i++)
        {
            stream.WriteByte((byte)' ');
        }
    }

    private static void WriteData(Stream stream, TensorToWrite tensor)
    {
        using var scope = NewDisposeScope();
        var data = tensor.Read().detach().cpu().to(tensor.Type.Torch()).contiguous();
        if (!data.shape.SequenceEqual(tensor.Shape))
        {
            throw new InvalidOperationException($"Tensor `{tensor.Name}` was announced as {StoredTypes.Show(tensor.Shape)} and is {StoredTypes.Show(data.shape)}.");
        }

        TensorBytes.Write(data, stream);
    }
}
