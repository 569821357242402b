using System.Reflection;

namespace EduVision.Browser.Tests;

/// <summary>Where things are.</summary>
internal static class Places
{
    /// <summary>The web application's assembly.</summary>
    public static string Web { get; } = Metadata("Web");

    /// <summary>The bundled, trained model; null until it is there.</summary>
    public static string? TrainedModel { get; } = Model("models/nano");

    /// <summary>A model of random weights, which talks until its limit: long enough to be interrupted. <c>EDUVISION_PARITY</c> names another.</summary>
    public static string? TalkativeModel { get; } =
        Environment.GetEnvironmentVariable("EDUVISION_PARITY") is { Length: > 0 } named ? named
        : Model("tests/Model.Tests/Fixtures/tiny-fp8") ?? Model("../shared/parity/parity-bf16");

    /// <summary>A sample photo of the application.</summary>
    public static string Sample(string name) => InRepository($"wwwroot/samples/{name}.jpg");

    /// <summary>A path in the repository.</summary>
    public static string InRepository(string path) => Path.GetFullPath(Path.Combine(Metadata("Repository"), path));

    private static string? Model(string path) => File.Exists(Path.Combine(InRepository(path), "config.json")) ? InRepository(path) : null;

    private static string Metadata(string key) =>
        typeof(Places).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
