using NetVips;

namespace EduVision.Inference.Benchmarks;

/// <summary>A 12-megapixel JPEG like a phone's: lit paper with noise and pen strokes; each number makes another one.</summary>
internal static class PhonePhoto
{
    private const int Width = 4000;
    private const int Height = 3000;

    public static byte[] Make(int number)
    {
        using var light = Image.Xyz(Width, Height).ExtractBand(0).Linear([-20.0 / Width], [220.0]);
        using var noise = Image.Gaussnoise(Width, Height, sigma: 4, seed: number);
        using var paper = (light + noise).Cast(Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Bw).Colourspace(Enums.Interpretation.Srgb).CopyMemory();
        var random = new Random(number);
        using var written = paper.Mutate(page =>
        {
            for (var stroke = 0; stroke < 60; stroke++)
            {
                var (x, y) = (random.Next(300, Width - 500), random.Next(1200, 1800));
                for (var thick = 0; thick < 14; thick++)
                    page.DrawLine([40, 40, 60], x + thick, y, x + thick + random.Next(-150, 150), y + random.Next(50, 250));
            }
        });
        return written.JpegsaveBuffer(q: 88);
    }
}
