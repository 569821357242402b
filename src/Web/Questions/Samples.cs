using EduVision.Shared;
using EduVision.Web.Uploads;

namespace EduVision.Web.Questions;

/// <summary>A photo of our own to try the application with.</summary>
/// <param name="Name">Its name in <c>wwwroot/samples</c>, without extension.</param>
/// <param name="Task">What to do with it.</param>
public sealed record Sample(string Name, QuestionTask Task)
{
    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<Sample> All =
    [
        new("arithmetic", QuestionTask.Solve),
        new("equation", QuestionTask.Solve),
        new("column", QuestionTask.Transcribe),
    ];

    /// <summary>Where the browser gets it.</summary>
    public string Address => $"/samples/{Name}.jpg";

    /// <summary>Stores it like an upload.</summary>
    public async Task<StoredPhoto> StoreAsync(PhotoStore store, IWebHostEnvironment environment)
    {
        await using var file = environment.WebRootFileProvider.GetFileInfo(Address).CreateReadStream();
        return await store.TakeAsync(file, CancellationToken.None);
    }
}
