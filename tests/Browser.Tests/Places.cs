using System.Reflection;

namespace EduVision.Browser.Tests;

/// <summary>Where things are.</summary>
internal static class Places
{
    /// <summary>The web application's assembly.</summary>
    public static string Web { get; } = Metadata("Web");

    /// <summary>The bundled, trained model; null until it is there.</summary>
    public static string? TrainedModel { get; } = Model("models/nano");

    /// <summary>A model of random weights; null if the fixture is not there.</summary>
    public static string? RandomModel { get; } = Model("tests/Model.Tests/Fixtures/tiny-fp8");

    /// <summary>A sample photo of the application.</summary>
    public static string Sample(string name) => InRepository($"wwwroot/samples/{name}.jpg");

    /// <summary>A path in the repository.</summary>
    public static string InRepository(string path) => Path.GetFullPath(Path.Combine(Metadata("Repository"), path));

    private static string? Model(string path) => File.Exists(Path.Combine(InRepository(path), "config.json")) ? InRepository(path) : null;

    private static string Metadata(string key) =>
        typeof(Places).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
