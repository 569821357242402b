using EduVision.Model.Imaging;

namespace EduVision.Inference.Runners;

/// <summary>
/// An image on its way to the vision tower. Decoding and resizing a photo takes long on a processor, so it is done aside,
/// for the requests that are next, while the engine decodes for others.
/// </summary>
public sealed class ImageSource(ImageGrid grid, Func<PatchedImage> load)
{
    private readonly Lock gate = new();
    private Task<PatchedImage>? loading;

    /// <summary>The image as patches, known before it is loaded.</summary>
    public ImageGrid Grid => grid;

    /// <summary>True when <see cref="Take"/> will not wait, be it for a value or for a failure.</summary>
    public bool IsReady => loading?.IsCompleted ?? false;

    /// <summary>Begins to load, once; <paramref name="ready"/> is called when that ended.</summary>
    public void Prefetch(Action ready)
    {
        lock (gate)
        {
            if (loading is not null) return;
            loading = Task.Run(load);
            loading.ContinueWith(_ => ready(), TaskScheduler.Default);
        }
    }

    /// <summary>The patches; loads them now if nobody asked before.</summary>
    public PatchedImage Take()
    {
        lock (gate) loading ??= Task.Run(load);
        return loading.GetAwaiter().GetResult();
    }

    /// <summary>Lets go of the patches; they are loaded again if they are needed again, as after a preemption.</summary>
    public void Release()
    {
        lock (gate) loading = null;
    }
}
