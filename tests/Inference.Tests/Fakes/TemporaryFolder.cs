namespace EduVision.Inference.Tests.Fakes;

/// <summary>A folder that is gone with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("inference-tests-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
