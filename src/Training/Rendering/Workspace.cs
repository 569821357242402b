using SkiaSharp;

namespace EduVision.Training.Rendering;

/// <summary>Buffers for one photo, kept for the next; one thread at a time uses it.</summary>
internal sealed class Workspace : IDisposable
{
    private SKBitmap? _mask;

    public int Width { get; private set; }

    public int Height { get; private set; }

    /// <summary>Coverage of ink, 0 to 1, [height, width].</summary>
    public float[] Ink { get; private set; } = [];

    /// <summary>Coverage of printed lines.</summary>
    public float[] Rules { get; private set; } = [];

    /// <summary>Coverage of the page; the rest is table.</summary>
    public float[] Page { get; private set; } = [];

    /// <summary>Light that reaches each pixel.</summary>
    public float[] Light { get; private set; } = [];

    /// <summary>Tones 0 to 1, a plane [height, width] for each colour: rows of one colour fill vectors.</summary>
    public float[] Red { get; private set; } = [];

    public float[] Green { get; private set; } = [];

    public float[] Blue { get; private set; } = [];

    /// <summary>Noise along one row of the picture, three kinds.</summary>
    public (float[] A, float[] B, float[] C) NoiseRows { get; private set; } = ([], [], []);

    public float[] Scratch { get; private set; } = [];

    /// <summary>Drawing surface for coverage; its pixels go to one of the planes with <see cref="TakeMask"/>.</summary>
    public SKBitmap Mask => _mask!;

    public SKPath Path { get; } = new();

    public int Pixels => Width * Height;

    public void Resize(int width, int height)
    {
        if (width == Width && height == Height) return;
        (Width, Height) = (width, height);
        _mask?.Dispose();
        _mask = new SKBitmap(new SKImageInfo(width, height, SKColorType.Alpha8, SKAlphaType.Premul), width);
        if (NoiseRows.A.Length < width) NoiseRows = (new float[width], new float[width], new float[width]);
        if (Ink.Length >= Pixels) return;
        Ink = new float[Pixels];
        Rules = new float[Pixels];
        Page = new float[Pixels];
        Light = new float[Pixels];
        Red = new float[Pixels];
        Green = new float[Pixels];
        Blue = new float[Pixels];
        Scratch = new float[Pixels];
    }

    public void ClearMask() => Mask.GetPixelSpan().Clear();

    /// <summary>Moves the drawn coverage into a plane.</summary>
    public void TakeMask(float[] plane)
    {
        var pixels = Mask.GetPixelSpan();
        for (var i = 0; i < pixels.Length; i++) plane[i] = pixels[i] * (1f / 255f);
    }

    public void Dispose()
    {
        _mask?.Dispose();
        Path.Dispose();
    }
}
