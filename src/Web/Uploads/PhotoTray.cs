namespace EduVision.Web.Uploads;

/// <summary>One photo a person put down to ask about.</summary>
public sealed class TrayPhoto
{
    /// <summary>The browser's number for it.</summary>
    public required string Key { get; init; }

    /// <summary>The file's name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>A picture the browser can show before the upload is done; null if it cannot.</summary>
    public string? Preview { get; init; }

    /// <summary>How much was sent, 0 to 1.</summary>
    public double Sent { get; set; }

    /// <summary>The stored photo, once it is.</summary>
    public StoredPhoto? Stored { get; set; }

    /// <summary>Why it was not taken, in the person's language; null if it was, or is on its way.</summary>
    public string? Problem { get; set; }

    /// <summary>True while it is turned.</summary>
    public bool Busy { get; set; }
}

/// <summary>The photos of a question that is being written.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="limit">Most photos.</param>
public sealed class PhotoTray(PhotoStore store, int limit)
{
    private readonly List<TrayPhoto> photos = [];

    /// <summary>In the order they were put down.</summary>
    public IReadOnlyList<TrayPhoto> Photos => photos;

    /// <summary>How many more fit.</summary>
    public int Free => Math.Max(0, limit - photos.Count);

    /// <summary>True while something is on its way.</summary>
    public bool IsBusy => photos.Exists(p => p is { Stored: null, Problem: null } || p.Busy);

    /// <summary>The stored ones, in order.</summary>
    public IReadOnlyList<StoredPhoto> Stored => [.. photos.Where(p => p.Stored is not null).Select(p => p.Stored!)];

    /// <summary>Raised after a change.</summary>
    public event Action? Changed;

    /// <summary>Puts a photo down.</summary>
    public void Add(TrayPhoto photo) => Change(() => photos.Add(photo));

    /// <summary>Takes a photo away.</summary>
    public void Remove(string key) => Change(() => photos.RemoveAll(p => p.Key == key));

    /// <summary>Takes all away.</summary>
    public void Clear() => Change(photos.Clear);

    /// <summary>More of it was sent.</summary>
    public void Progress(string key, double sent) => Change(key, p => p.Sent = Math.Clamp(sent, p.Sent, 1));

    /// <summary>It is stored.</summary>
    public void Done(string key, StoredPhoto stored) => Change(key, p => (p.Stored, p.Sent) = (stored, 1));

    /// <summary>It was not taken.</summary>
    public void Refused(string key, string problem) => Change(key, p => p.Problem = problem);

    /// <summary>Turns a photo clockwise by a quarter.</summary>
    public async Task TurnAsync(TrayPhoto photo)
    {
        if (photo.Stored is not { } stored || photo.Busy) return;
        Change(() => photo.Busy = true);
        try
        {
            photo.Stored = await store.TurnAsync(stored.Sha256, 1);
        }
        finally
        {
            Change(() => photo.Busy = false);
        }
    }

    private void Change(string key, Action<TrayPhoto> change)
    {
        if (photos.Find(p => p.Key == key) is { } found) Change(() => change(found));
    }

    private void Change(Action change)
    {
        change();
        Changed?.Invoke();
    }
}
