using NetVips;

namespace EduVision.Inference.Tests.Fakes;

/// <summary>Small images, each number another one.</summary>
internal static class Pictures
{
    public static byte[] Png(int width = 64, int height = 64, int number = 0)
    {
        using var black = Image.Black(width, height, bands: 3);
        using var grey = (black + new double[] { number % 256, 90, 200 }).Cast(Enums.BandFormat.Uchar);
        return grey.PngsaveBuffer();
    }
}
