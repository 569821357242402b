using System.Globalization;
using System.Security.Cryptography;
using EduVision.Shared;
using EduVision.Web.Data;
using Microsoft.Extensions.Options;

namespace EduVision.Web.Uploads;

/// <summary>Photos on disk under the SHA-256 of their stored bytes, with a thumbnail beside each.</summary>
public sealed class PhotoStore(DataDirectory data, IOptions<UploadOptions> options) : IDisposable
{
    private static readonly Dictionary<string, string> ContentTypes = new()
    {
        [".jpg"] = "image/jpeg",
        [".png"] = "image/png",
        [".webp"] = "image/webp",
    };

    // A decoded 64-megapixel photo is 200 MB: two at a time is plenty.
    private readonly SemaphoreSlim decoders = new(2);
    private readonly UploadOptions options = options.Value;

    /// <summary>Takes an upload: checks it, turns it upright, drops metadata and stores it.</summary>
    /// <param name="body">The bytes as they come from the network.</param>
    /// <param name="cancellationToken">Stops, leaving nothing behind.</param>
    /// <exception cref="UploadRefusedException">It cannot be taken.</exception>
    public async Task<StoredPhoto> TakeAsync(Stream body, CancellationToken cancellationToken)
    {
        var incoming = Path.Combine(data.Incoming, Guid.NewGuid().ToString("n"));
        try
        {
            var header = await ReceiveAsync(body, incoming, cancellationToken);
            var kind = ImageKinds.Recognise(header) ?? throw new UploadRefusedException(UploadRefusedException.WrongKind);
            await decoders.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(() => Keep(incoming, kind, 0), cancellationToken);
            }
            finally
            {
                decoders.Release();
            }
        }
        finally
        {
            File.Delete(incoming);
        }
    }

    /// <summary>Stores a turned copy of a stored photo.</summary>
    /// <param name="sha256">The photo.</param>
    /// <param name="quarterTurns">Clockwise, 1 to 3.</param>
    /// <exception cref="FileNotFoundException">It is not stored.</exception>
    public async Task<StoredPhoto> TurnAsync(string sha256, int quarterTurns)
    {
        var path = Find(sha256)?.Path ?? throw new FileNotFoundException($"There is no photo {sha256}.");
        var kind = Path.GetExtension(path) switch { ".png" => ImageKind.Png, ".webp" => ImageKind.WebP, _ => ImageKind.Jpeg };
        await decoders.WaitAsync();
        try
        {
            return await Task.Run(() => Keep(path, kind, quarterTurns));
        }
        finally
        {
            decoders.Release();
        }
    }

    /// <summary>A stored photo's file and content type; null if there is none.</summary>
    /// <param name="sha256">Lower-case hex; anything else is not found.</param>
    public (string Path, string ContentType)? Find(string sha256)
    {
        if (!IsHash(sha256)) return null;
        foreach (var (extension, type) in ContentTypes)
        {
            var path = PathOf(sha256) + extension;
            if (File.Exists(path)) return (path, type);
        }
        return null;
    }

    /// <summary>A stored photo's thumbnail (WebP); null if there is none.</summary>
    public string? FindThumbnail(string sha256) => IsHash(sha256) && File.Exists(ThumbnailOf(sha256)) ? ThumbnailOf(sha256) : null;

    /// <summary>Deletes photos that <paramref name="isUsed"/> does not know and that are older than <see cref="UploadOptions.KeepUnused"/>.</summary>
    public void Sweep(Func<string, bool> isUsed, DateTime now)
    {
        foreach (var file in Directory.EnumerateFiles(data.Photos, "*", SearchOption.AllDirectories))
        {
            var sha256 = Path.GetFileName(file).Split('.')[0];
            if (now - File.GetLastWriteTimeUtc(file) > options.KeepUnused && !isUsed(sha256)) File.Delete(file);
        }
    }

    /// <inheritdoc />
    public void Dispose() => decoders.Dispose();

    private async Task<byte[]> ReceiveAsync(Stream body, string path, CancellationToken cancellationToken)
    {
        var buffer = new byte[81920];
        var header = Array.Empty<byte>();
        long total = 0;
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
        while (await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken) is > 0 and var read)
        {
            if (total == 0) header = buffer[..Math.Min(read, ImageKinds.HeaderLength)];
            total += read;
            if (total > options.MaxBytes) throw TooLarge(options.MaxBytes, total);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        return total == 0 ? throw new UploadRefusedException(UploadRefusedException.Empty) : header;
    }

    private StoredPhoto Keep(string path, ImageKind kind, int quarterTurns)
    {
        var (width, height) = PhotoCodec.Measure(path, kind);
        CheckShape(width, height);
        var (bytes, extension, uprightWidth, uprightHeight) = PhotoCodec.Normalise(path, kind, quarterTurns);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(sha256))!);
        Write(PathOf(sha256) + extension, bytes);
        Write(ThumbnailOf(sha256), PhotoCodec.Thumbnail(bytes, options.ThumbnailSide));
        return new StoredPhoto(sha256, uprightWidth, uprightHeight);
    }

    private void CheckShape(int width, int height)
    {
        var pixels = (long)width * height;
        if (pixels > options.MaxPixels)
            throw new UploadRefusedException(FailureCode.ImageTooManyPixels, ("limit", Mega(options.MaxPixels)), ("actual", Mega(pixels)));
        var (shortest, longest) = (Math.Min(width, height), Math.Max(width, height));
        if (shortest < options.MinSide || longest > (long)shortest * options.MaxAspect)
            throw new UploadRefusedException(FailureCode.ImageShape, ("width", Invariant(width)), ("height", Invariant(height)));
    }

    // Whole files only, also if the machine stops in the middle.
    private void Write(string path, byte[] bytes)
    {
        var half = Path.Combine(data.Incoming, Guid.NewGuid().ToString("n"));
        File.WriteAllBytes(half, bytes);
        File.Move(half, path, overwrite: true);
    }

    /// <summary>The refusal of too many bytes.</summary>
    internal static UploadRefusedException TooLarge(long limit, long actual) =>
        new(FailureCode.ImageTooLarge, ("limit", Mebi(limit)), ("actual", Mebi(actual)));

    private static string Mebi(long bytes) => (bytes / 1048576.0).ToString("0.#", CultureInfo.InvariantCulture);

    private static string Mega(long pixels) => (pixels / 1e6).ToString("0.#", CultureInfo.InvariantCulture);

    private static string Invariant(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private string PathOf(string sha256) => Path.Combine(data.Photos, sha256[..2], sha256);

    private string ThumbnailOf(string sha256) => PathOf(sha256) + ".thumbnail";
}
