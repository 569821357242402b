using System.Collections.Concurrent;
using EduVision.Training.Rendering.Unreadable;
using EduVision.Training.Rendering.Writing;

namespace EduVision.Training.Rendering;

/// <summary>
/// Makes training photos: writes the request in some hand on some paper and takes its picture, directly at the size the model
/// sees. The same request and seed give the same bytes. Any number of threads may share one renderer.
/// </summary>
public sealed class PhotoRenderer(InkAssets assets) : IDisposable
{
    private readonly ConcurrentBag<Studio> _studios = [];

    /// <summary>Renders one photo.</summary>
    /// <exception cref="ArgumentException">The size is not in multiples of 32, there is nothing to write, or no hand has a symbol.</exception>
    public Photo Render(PhotoRequest request, ulong seed)
    {
        Check(request);
        var rng = new Rng(seed);
        if (!_studios.TryTake(out var studio)) studio = new Studio();
        try
        {
            studio.Workspace.Resize(request.Width, request.Height);
            return request switch
            {
                MathPhoto math => Readable(studio, math, rng),
                TextPhoto text => Readable(studio, text, rng),
                UnreadablePhoto unreadable => new UnreadableScenes(assets, studio, rng, unreadable.HeldOut).Render(unreadable),
                _ => throw new ArgumentException($"Cannot render a {request.GetType().Name}.", nameof(request)),
            };
        }
        finally
        {
            _studios.Add(studio);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_studios.TryTake(out var studio)) studio.Dispose();
    }

    private Photo Readable(Studio studio, MathPhoto request, Rng rng)
    {
        var look = request.Look == PhotoLook.Any ? rng.Chance(0.22f) ? PhotoLook.Tablet : PhotoLook.Photo : request.Look;
        return studio.Shoot(SheetWriter.Write(assets, request.Lines, rng, request.HeldOut, look == PhotoLook.Tablet), look, rng);
    }

    private Photo Readable(Studio studio, TextPhoto request, Rng rng)
    {
        var single = request.Lines is [var only] && only.EnumerateRunes().Count() == 1;
        var look = request.Look;
        if (look == PhotoLook.Any) look = rng.Chance(single ? 0.45f : 0.06f) ? PhotoLook.Cutout : rng.Chance(0.04f) ? PhotoLook.Tablet : PhotoLook.Photo;
        return studio.Shoot(SheetWriter.Write(assets, request, rng, calligraphy: look == PhotoLook.Cutout), look, rng);
    }

    private static void Check(PhotoRequest request)
    {
        if (request.Width <= 0 || request.Height <= 0 || request.Width % 32 != 0 || request.Height % 32 != 0)
            throw new ArgumentException($"A photo of {request.Width}x{request.Height}: both sides must be positive multiples of 32.", nameof(request));
        if (request is MathPhoto { Lines.Count: 0 } or TextPhoto { Lines.Count: 0 })
            throw new ArgumentException("Nothing to write: the request has no lines.", nameof(request));
        if (request is TextPhoto text && text.Lines.Any(string.IsNullOrWhiteSpace))
            throw new ArgumentException("A line of the request is empty.", nameof(request));
    }
}
