using System.Buffers;
using System.Security.Cryptography;
using EduVision.Inference.Hosting;
using EduVision.Model.Imaging;
using EduVision.Shared;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Images;

/// <summary>
/// Uploaded images on disk under the SHA-256 of their bytes, up to a total; the one unused longest goes first. What is in
/// here was decoded once, so it can be decoded again.
/// </summary>
public sealed class ImageStore : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Hash, long Bytes)>> entries = [];
    private readonly LinkedList<(string Hash, long Bytes)> byUse = [];
    private readonly SemaphoreSlim decoders = new(Environment.ProcessorCount);
    private readonly string folder;
    private readonly bool temporary;
    private readonly long capacity;
    private readonly ImageLimits limits;
    private long total;

    /// <summary>Opens the store and takes in what an earlier process left in its folder.</summary>
    public ImageStore(IOptions<InferenceOptions> options)
    {
        var settings = options.Value;
        temporary = settings.DataDirectory is null;
        folder = settings.DataDirectory is { } data ? Path.Combine(data, "images") : Directory.CreateTempSubdirectory("eduvision-images-").FullName;
        capacity = settings.ImageStoreBytes;
        limits = new ImageLimits { MaxBytes = settings.MaxImageBytes, MaxPixels = settings.MaxImagePixels };
        Directory.CreateDirectory(folder);
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles().OrderBy(file => file.LastWriteTimeUtc))
        {
            if (IsHash(file.Name)) Note(file.Name, file.Length);
            else file.Delete();
        }
    }

    /// <summary>What one image may have.</summary>
    public ImageLimits Limits => limits;

    /// <summary>Bytes of all images.</summary>
    public long TotalBytes
    {
        get { lock (gate) return total; }
    }

    /// <summary>True for 64 lower-case hexadecimal digits: anything else never gets near a path.</summary>
    public static bool IsHash(string text) => text.Length == 64 && text.AsSpan().IndexOfAnyExcept(SearchValues.Create("0123456789abcdef")) < 0;

    /// <summary>True if the image is there; counts as use.</summary>
    public bool Contains(string sha256)
    {
        lock (gate)
        {
            if (!entries.TryGetValue(sha256, out var node)) return false;
            byUse.Remove(node);
            // Somebody may have cleaned up the folder: then the image has to be sent again.
            if (File.Exists(PathOf(sha256)))
            {
                byUse.AddLast(node);
                return true;
            }
            entries.Remove(sha256);
            total -= node.Value.Bytes;
            return false;
        }
    }

    /// <summary>The bytes of a stored image.</summary>
    /// <exception cref="FileNotFoundException">It is not, or no longer, stored.</exception>
    public byte[] Read(string sha256) => Contains(sha256) ? File.ReadAllBytes(PathOf(sha256)) : throw new FileNotFoundException("The image is no longer stored.", sha256);

    /// <summary>Stores what the stream gives if it is an image with that hash, within the limits.</summary>
    /// <returns>Why not, or null if it is stored now.</returns>
    public async Task<ServiceError?> PutAsync(string sha256, Stream content, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var draft = Path.Combine(folder, Path.GetRandomFileName());
        try
        {
            long bytes;
            byte[] hash;
            await using (var file = File.Create(draft))
            {
                (bytes, hash) = await CopyAsync(content, file, limits.MaxBytes, cancellationToken);
            }
            if (bytes > limits.MaxBytes) return Refusals.TooManyBytes(limits.MaxBytes);
            if (!Convert.ToHexStringLower(hash).Equals(sha256, StringComparison.Ordinal))
                return Refusals.Invalid("sha256", "The bytes have another SHA-256 than the address says.");
            if (await CheckAsync(draft, cancellationToken) is { } refusal) return refusal;
            lock (gate)
            {
                if (entries.ContainsKey(sha256)) return null;
                File.Move(draft, PathOf(sha256), overwrite: true);
                Note(sha256, bytes);
            }
            return null;
        }
        finally
        {
            File.Delete(draft);
        }
    }

    // Decoded once, whole but as small as the format allows: a file that breaks off in the middle is refused here, not in the middle of
    // an answer. A few at a time: each may need three bytes for each of its pixels.
    private async Task<ServiceError?> CheckAsync(string path, CancellationToken cancellationToken)
    {
        await decoders.WaitAsync(cancellationToken);
        try
        {
            await Task.Run(() => ImageDecoder.Decode(File.ReadAllBytes(path), limits, enough: (1, 1)), cancellationToken);
            return null;
        }
        catch (ImageException exception)
        {
            return Refusals.Of(exception);
        }
        finally
        {
            decoders.Release();
        }
    }

    private static async Task<(long Bytes, byte[] Hash)> CopyAsync(Stream from, Stream to, long limit, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            long total = 0;
            int read;
            while (total <= limit && (read = await from.ReadAsync(buffer, cancellationToken)) > 0)
            {
                total += read;
                hash.AppendData(buffer, 0, read);
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
            return (total, hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Note(string hash, long bytes)
    {
        entries.Add(hash, byUse.AddLast((hash, bytes)));
        total += bytes;
        while (total > capacity && byUse.First is { } oldest && oldest.Value.Hash != hash)
        {
            byUse.RemoveFirst();
            entries.Remove(oldest.Value.Hash);
            total -= oldest.Value.Bytes;
            File.Delete(PathOf(oldest.Value.Hash));
        }
    }

    private string PathOf(string sha256) => Path.Combine(folder, sha256);

    /// <inheritdoc/>
    public void Dispose()
    {
        decoders.Dispose();
        if (temporary && Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
