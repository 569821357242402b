using System.Security.Cryptography;
using EduVision.Model.Chat;
using EduVision.Model.Configuration;

namespace EduVision.Inference.Hosting;

/// <summary>Everything of the checkpoint folder but its weights: small, and read before the first request comes.</summary>
public sealed class ServedModel
{
    private readonly Lazy<Task<string>> hash;

    /// <summary>Reads the folder.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="imageTokens">Most tokens of an image, if fewer than the checkpoint allows.</param>
    /// <exception cref="ModelFileException">A file is missing or says something impossible; the message names it.</exception>
    public ServedModel(string directory, int? imageTokens = null)
    {
        Directory = directory;
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));
        Config = ModelConfig.Load(directory);
        Defaults = GenerationDefaults.Load(directory);
        Chat = ChatProcessor.Load(directory, imageTokens);
        hash = new Lazy<Task<string>>(() => Task.Run(HashWeights));
    }

    /// <summary>The folder.</summary>
    public string Directory { get; }

    /// <summary>Its name, for people.</summary>
    public string Name { get; }

    /// <summary>Shapes and ids.</summary>
    public ModelConfig Config { get; }

    /// <summary>How the model's makers sample it.</summary>
    public GenerationDefaults Defaults { get; }

    /// <summary>Tokenizer, template and image processor.</summary>
    public ChatProcessor Chat { get; }

    /// <summary>The image processor's settings in one word, for cache keys.</summary>
    public string ProcessorFingerprint => Chat.Images.Config.Fingerprint;

    /// <summary>First 12 hex digits of the SHA-256 over the weight files in the order of their names, all of which are read the first time.</summary>
    public Task<string> Hash => hash.Value;

    private string HashWeights()
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        foreach (var file in System.IO.Directory.EnumerateFiles(Directory, "*.safetensors").Order(StringComparer.Ordinal))
        {
            using var stream = File.OpenRead(file);
            int read;
            while ((read = stream.Read(buffer)) > 0) all.AppendData(buffer, 0, read);
        }
        return Convert.ToHexStringLower(all.GetHashAndReset())[..12];
    }
}
