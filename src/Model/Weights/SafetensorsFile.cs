using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using EduVision.Model.Configuration;
using static TorchSharp.torch;

namespace EduVision.Model.Weights;

/// <summary>A safetensors file, mapped into memory: opening it reads only the header, loading a tensor copies its bytes once.</summary>
/// <remarks>Format: https://github.com/huggingface/safetensors#format.</remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly SafetensorsHeader header;
    private byte* bytes;

    private SafetensorsFile(string path, MemoryMappedFile file, MemoryMappedViewAccessor view, SafetensorsHeader header)
    {
        Path = path;
        this.file = file;
        this.view = view;
        this.header = header;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref bytes);
        bytes += view.PointerOffset;
    }

    public string Path { get; }

    /// <summary>What the file holds, by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => header.Tensors;

    /// <summary>The strings of <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Maps a file and checks its header, types, shapes, offsets and size.</summary>
    /// <exception cref="ModelFileException">The file is missing, damaged, or not a safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        var header = ReadHeader(path);
        var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        try
        {
            return new SafetensorsFile(path, file, file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read), header);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Copies a tensor out of the file: on the CPU, in the stored type; FP8 comes as its raw bytes (<c>uint8</c>).</summary>
    /// <returns>The caller owns it.</returns>
    /// <exception cref="ModelFileException">There is no tensor of that name.</exception>
    public Tensor Load(string name)
    {
        ObjectDisposedException.ThrowIf(bytes == null, this);
        var stored = Tensors.GetValueOrDefault(name) ?? throw new ModelFileException(Path, $"tensor `{name}` is missing.");
        var tensor = empty([.. stored.Shape], stored.Type.Torch());
        TensorBytes.Fill(tensor, bytes + stored.Offset);
        return tensor;
    }

    public void Dispose()
    {
        if (bytes != null)
        {
            bytes = null;
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            file.Dispose();
        }
    }

    private static SafetensorsHeader ReadHeader(string path)
    {
        using var stream = ModelFile.Open(path);
        Span<byte> prefix = stackalloc byte[SafetensorsHeader.LengthBytes];
        if (stream.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
        {
            throw new ModelFileException(path, $"not a safetensors file: it has {stream.Length} bytes, expected at least {SafetensorsHeader.LengthBytes}.");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)SafetensorsHeader.MaxLength || (long)length > stream.Length - SafetensorsHeader.LengthBytes)
        {
            throw new ModelFileException(path, $"not a safetensors file, or cut short: its header says {length} bytes, the file has {stream.Length}.");
        }

        var json = new byte[length];
        stream.ReadExactly(json);
        return SafetensorsHeader.Parse(path, json, stream.Length);
    }
}
