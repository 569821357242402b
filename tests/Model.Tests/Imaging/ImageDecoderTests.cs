using EduVision.Model.Imaging;
using EduVision.Model.Tests.Parity;
using NetVips;

namespace EduVision.Model.Tests.Imaging;

public sealed class ImageDecoderTests
{
    public static TheoryData<ImageFormat> Formats => [.. Enum.GetValues<ImageFormat>()];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_format_is_told_by_its_bytes_and_decoded(ImageFormat format)
    {
        byte[] bytes = Encode(format);
        Assert.Equal(new ImageHeader(format, 96, 64), ImageDecoder.ReadHeader(bytes, Pictures.Limits));
        RgbImage image = ImageDecoder.Decode(bytes, Pictures.Limits);
        Assert.Equal((96, 64), (image.Width, image.Height));
        Assert.Equal("RGBY", Pictures.QuadrantsOf(image));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_file_cut_off_is_refused_rather_than_padded(ImageFormat format)
    {
        byte[] bytes = Encode(format);
        ImageException refusal = Assert.Throws<ImageException>(() => ImageDecoder.Decode(bytes.AsMemory(0, bytes.Length * 6 / 10), Pictures.Limits));
        Assert.Equal(ImageFault.Unreadable, refusal.Fault);
        Assert.NotEmpty(refusal.Parameters["reason"]);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0xFF, 0xD8, 0xFF })]
    [InlineData(new byte[] { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13 })]
    [InlineData(new byte[] { 0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0, 0, 0, 0x3B })]
    [InlineData(new byte[] { 0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70, 0x68, 0x65, 0x69, 0x63 })]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x66, 0x74, 0x79, 0x70, 0x68 })]
    public void What_is_no_image_is_refused(byte[] bytes)
    {
        Assert.Equal(ImageFault.Unreadable, Assert.Throws<ImageException>(() => ImageDecoder.ReadHeader(bytes, Pictures.Limits)).Fault);
        Assert.Equal(ImageFault.Unreadable, Assert.Throws<ImageException>(() => ImageDecoder.Decode(bytes, Pictures.Limits)).Fault);
    }

    [Fact]
    public void A_small_file_that_claims_a_huge_picture_is_refused_by_its_header()
    {
        byte[] bomb = PngBomb.Make(60_000, 50_000);
        Assert.True(bomb.Length < 1000);
        ImageException refusal = Assert.Throws<ImageException>(() => ImageDecoder.Decode(bomb, Pictures.Limits));
        Assert.Equal(ImageFault.TooManyPixels, refusal.Fault);
        Assert.Equal("3000000000", refusal.Parameters["actual"]);
        Assert.Equal("100000000", refusal.Parameters["limit"]);
    }

    [Fact]
    public void Too_many_bytes_are_refused_before_anything_else()
    {
        ImageException refusal = Assert.Throws<ImageException>(() => ImageDecoder.ReadHeader(new byte[11], new ImageLimits { MaxBytes = 10 }));
        Assert.Equal((ImageFault.TooManyBytes, "10", "11"), (refusal.Fault, refusal.Parameters["limit"], refusal.Parameters["actual"]));
    }

    [Theory]
    [InlineData(1, "RGBY")]
    [InlineData(2, "GRYB")]
    [InlineData(3, "YBGR")]
    [InlineData(4, "BYRG")]
    [InlineData(5, "RBGY")]
    [InlineData(6, "BRYG")]
    [InlineData(7, "YGBR")]
    [InlineData(8, "GYRB")]
    public void A_photo_is_turned_upright_by_its_exif(int orientation, string quadrants)
    {
        using Image picture = Pictures.Quadrants(96, 64);
        using Image tagged = picture.Mutate(image => image.Set(GValue.GIntType, "orientation", orientation));
        byte[] bytes = tagged.JpegsaveBuffer(q: 95);
        (int, int) size = orientation >= 5 ? (64, 96) : (96, 64);
        ImageHeader header = ImageDecoder.ReadHeader(bytes, Pictures.Limits);
        Assert.Equal(size, (header.Width, header.Height));
        RgbImage upright = ImageDecoder.Decode(bytes, Pictures.Limits);
        Assert.Equal(size, (upright.Width, upright.Height));
        Assert.Equal(quadrants, Pictures.QuadrantsOf(upright));
    }

    [Fact]
    public void Transparency_is_laid_on_white()
    {
        using Image half = Pictures.FromPixels([200, 0, 0, 128, 0, 0, 0, 0], 2, 1, 4);
        RgbImage image = ImageDecoder.Decode(half.PngsaveBuffer(), Pictures.Limits);
        Assert.InRange(image.Pixels[0], 226, 228);
        Assert.InRange(image.Pixels[1], 126, 128);
        Assert.Equal([255, 255, 255], image.Pixels[3..]);
    }

    [Fact]
    public void Sixteen_bits_become_eight_with_and_without_alpha()
    {
        ushort[] values = [0xFFFF, 0x8080, 0x0000, 0x8000];
        using Image four = Image.NewFromMemory(values, 1, 1, 4, Enums.BandFormat.Ushort).Copy(interpretation: Enums.Interpretation.Rgb16);
        using Image three = four.ExtractBand(0, n: 3);
        Assert.Equal((255, 128, 0), Pictures.FirstPixel(ImageDecoder.Decode(three.PngsaveBuffer(), Pictures.Limits)));
        (byte red, byte green, byte blue) = Pictures.FirstPixel(ImageDecoder.Decode(four.PngsaveBuffer(), Pictures.Limits));
        Assert.Equal(255, red);
        Assert.InRange(green, 190, 192);
        Assert.InRange(blue, 126, 128);
    }

    [Fact]
    public void Grey_pictures_of_eight_and_sixteen_bits_become_rgb()
    {
        using Image eight = Pictures.FromPixels([77], 1, 1, 1);
        Assert.Equal((77, 77, 77), Pictures.FirstPixel(ImageDecoder.Decode(eight.PngsaveBuffer(), Pictures.Limits)));
        using Image sixteen = Image.NewFromMemory(new ushort[] { 0x4D4D }, 1, 1, 1, Enums.BandFormat.Ushort).Copy(interpretation: Enums.Interpretation.Grey16);
        Assert.Equal((77, 77, 77), Pictures.FirstPixel(ImageDecoder.Decode(sixteen.PngsaveBuffer(), Pictures.Limits)));
    }

    [Fact]
    public void A_palette_is_resolved()
    {
        using Image picture = Pictures.Quadrants(96, 64);
        Assert.Equal("RGBY", Pictures.QuadrantsOf(ImageDecoder.Decode(picture.PngsaveBuffer(palette: true), Pictures.Limits)));
    }

    [Fact]
    public void Print_colours_become_rgb()
    {
        // White paper, dark ink, red ink; the two ends would swap if the ink amounts were read as light.
        using Image picture = Pictures.FromPixels([255, 255, 255, 30, 30, 30, 200, 40, 40], 3, 1, 3).Resize(32, kernel: Enums.Kernel.Nearest);
        using Image print = picture.Colourspace(Enums.Interpretation.Cmyk);
        Assert.Equal(4, print.Bands);
        foreach (byte[] bytes in (byte[][])[print.JpegsaveBuffer(q: 95), print.TiffsaveBuffer()])
        {
            RgbImage image = ImageDecoder.Decode(bytes, Pictures.Limits);
            Assert.All(image.Pixels[(16 * 3)..(17 * 3)], value => Assert.InRange(value, 245, 255));
            Assert.All(image.Pixels[(48 * 3)..(49 * 3)], value => Assert.InRange(value, 10, 60));
            Assert.InRange(image.Pixels[80 * 3], 170, 225);
            Assert.InRange(image.Pixels[(80 * 3) + 1], 15, 80);
        }
    }

    [Fact]
    public void A_photo_shrunk_while_decoding_stays_at_least_twice_the_size_needed()
    {
        using Image picture = Pictures.Quadrants(1600, 1200);
        byte[] bytes = picture.JpegsaveBuffer(q: 90);
        RgbImage image = ImageDecoder.Decode(bytes, Pictures.Limits, (320, 256));
        Assert.Equal((800, 600), (image.Width, image.Height));
        Assert.Equal("RGBY", Pictures.QuadrantsOf(image));
        Assert.Equal(1600, ImageDecoder.Decode(bytes, Pictures.Limits, (801, 500)).Width);
        Assert.Equal(1600, ImageDecoder.Decode(bytes, Pictures.Limits).Width);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 10_000)]
    [InlineData(10_000, 1)]
    public void The_smallest_and_thinnest_pictures_decode(int width, int height)
    {
        using Image picture = Pictures.Quadrants(width, height);
        RgbImage image = ImageDecoder.Decode(picture.PngsaveBuffer(), Pictures.Limits);
        Assert.Equal((width, height), (image.Width, image.Height));
    }

    private static byte[] Encode(ImageFormat format)
    {
        // libvips as shipped cannot write HEIC: that one is a file, made from the same picture with heif-enc.
        if (format == ImageFormat.Heic)
        {
            return File.ReadAllBytes(RepositoryFiles.Fixture("quadrants.heic"));
        }

        using Image picture = Pictures.Quadrants(96, 64);
        return format switch
        {
            ImageFormat.Jpeg => picture.JpegsaveBuffer(q: 95),
            ImageFormat.Png => picture.PngsaveBuffer(),
            ImageFormat.WebP => picture.WebpsaveBuffer(q: 95),
            ImageFormat.Tiff => picture.TiffsaveBuffer(),
            _ => picture.HeifsaveBuffer(q: 90, compression: Enums.ForeignHeifCompression.Av1),
        };
    }
}
