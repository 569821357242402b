using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using EduVision.Shared;
using EduVision.Web.Uploads;
using NetVips;

namespace EduVision.Web.Tests.Uploads;

public sealed class UploadTests : IAsyncLifetime
{
    private WebApp app = default!;
    private HttpClient client = default!;

    public async ValueTask InitializeAsync()
    {
        app = await WebApp.StartAsync();
        client = await app.ClientAsync();
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact]
    public async Task A_photo_is_stored_under_the_hash_of_what_comes_back()
    {
        var stored = await TakenAsync(Pictures.Jpeg());

        var response = await client.GetAsync(stored.Address, TestContext.Current.CancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        Assert.Equal(stored.Sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        Assert.Equal("image/jpeg", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("immutable", response.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        Assert.Equal((120, 80), (stored.Width, stored.Height));
    }

    [Fact]
    public async Task A_thumbnail_is_small_and_of_the_same_shape()
    {
        var stored = await TakenAsync(Pictures.Png(1600, 800));

        var thumbnail = await client.GetByteArrayAsync(stored.Thumbnail, TestContext.Current.CancellationToken);

        using var image = Image.NewFromBuffer(thumbnail);
        Assert.Equal((480, 240), (image.Width, image.Height));
    }

    [Fact]
    public async Task A_photo_is_turned_upright_and_says_nothing_about_its_camera_or_place()
    {
        var stored = await TakenAsync(Pictures.JpegWithExif(orientation: 6));

        var bytes = await client.GetByteArrayAsync(stored.Address, TestContext.Current.CancellationToken);

        using var image = Image.NewFromBuffer(bytes);
        Assert.Equal((80, 120), (image.Width, image.Height));
        // Orientation 6 is a quarter turn clockwise: what was left is at the top.
        Assert.True(image.Getpoint(40, 10)[0] < 50);
        Assert.True(image.Getpoint(40, 110)[0] > 200);
        Assert.DoesNotContain(image.GetFields(), field => field.StartsWith("exif", StringComparison.Ordinal));
        Assert.DoesNotContain("SecretCamera", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Png_and_WebP_keep_their_format()
    {
        using var picture = Pictures.HalfBlack(120, 80);
        Assert.Equal("image/png", await TypeOfAsync(Pictures.Png()));
        Assert.Equal("image/webp", await TypeOfAsync(picture.WebpsaveBuffer()));
    }

    [Fact]
    public async Task Tiff_Avif_and_Heic_become_what_a_browser_shows()
    {
        using var picture = Pictures.HalfBlack(120, 80);
        Assert.Equal("image/png", await TypeOfAsync(picture.TiffsaveBuffer()));
        Assert.Equal("image/jpeg", await TypeOfAsync(picture.HeifsaveBuffer(compression: Enums.ForeignHeifCompression.Av1)));

        var heic = await TakenAsync(await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "Fixtures", "photo.heic"), TestContext.Current.CancellationToken));
        Assert.Equal((160, 96), (heic.Width, heic.Height));
        using var image = Image.NewFromBuffer(await client.GetByteArrayAsync(heic.Address, TestContext.Current.CancellationToken));
        Assert.True(image.Getpoint(80, 4)[0] > image.Getpoint(80, 90)[0] + 100, "white above, black below");
    }

    [Fact]
    public async Task Transparency_becomes_white_paper()
    {
        using var picture = Pictures.HalfBlack(120, 80);
        using var alpha = Image.Black(120, 80);
        using var clear = picture.Bandjoin(alpha);

        var stored = await TakenAsync(clear.PngsaveBuffer());

        using var image = Image.NewFromBuffer(await client.GetByteArrayAsync(stored.Address, TestContext.Current.CancellationToken));
        Assert.Equal(3, image.Bands);
        Assert.Equal(255, image.Getpoint(10, 10)[0]);
    }

    [Fact]
    public async Task Nothing_at_all_is_refused() =>
        await RefusedAsync([], HttpStatusCode.UnprocessableEntity, UploadRefusedException.Empty, "empty");

    [Fact]
    public async Task Text_renamed_to_png_is_refused_by_its_bytes() =>
        await RefusedAsync("This is no picture, whatever its name says."u8.ToArray(), HttpStatusCode.UnsupportedMediaType, UploadRefusedException.WrongKind, "JPEG");

    [Theory]
    [InlineData("GIF89a")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg'/>")]
    [InlineData("%PDF-1.7")]
    public async Task Kinds_that_are_not_taken_are_refused(string beginning) =>
        await RefusedAsync(Encoding.ASCII.GetBytes(beginning.PadRight(200)), HttpStatusCode.UnsupportedMediaType, UploadRefusedException.WrongKind, "JPEG");

    [Fact]
    public async Task One_pixel_is_refused_as_too_small() =>
        await RefusedAsync(Pictures.Png(1, 1), HttpStatusCode.UnprocessableEntity, FailureCode.ImageShape, "1×1");

    [Fact]
    public async Task A_line_is_refused_as_too_thin() =>
        await RefusedAsync(Pictures.Png(1, 10_000), HttpStatusCode.UnprocessableEntity, FailureCode.ImageShape, "1×10000");

    [Fact]
    public async Task A_strip_of_extreme_shape_is_refused() =>
        await RefusedAsync(Pictures.Png(20, 4000), HttpStatusCode.UnprocessableEntity, FailureCode.ImageShape, "20×4000");

    [Fact]
    public async Task A_bomb_is_refused_by_its_header() =>
        await RefusedAsync(Pictures.Bomb(50_000, 50_000), HttpStatusCode.UnprocessableEntity, FailureCode.ImageTooManyPixels, "2500");

    [Fact]
    public async Task A_photo_cut_off_is_refused()
    {
        using var noise = Image.Gaussnoise(400, 300);
        using var picture = noise.Cast(Enums.BandFormat.Uchar);
        var whole = picture.JpegsaveBuffer(q: 90);
        await RefusedAsync(whole[..(whole.Length / 2)], HttpStatusCode.UnprocessableEntity, FailureCode.ImageUnreadable, "damaged");

        var png = picture.PngsaveBuffer();
        await RefusedAsync(png[..(png.Length / 2)], HttpStatusCode.UnprocessableEntity, FailureCode.ImageUnreadable, "damaged");
    }

    [Fact]
    public async Task Only_the_first_bytes_of_a_photo_are_refused() =>
        await RefusedAsync(Pictures.Jpeg()[..20], HttpStatusCode.UnprocessableEntity, FailureCode.ImageUnreadable, "damaged");

    [Fact]
    public async Task Too_many_bytes_are_refused_with_and_without_a_length()
    {
        await using var small = await WebApp.StartAsync(settings: ("Uploads:MaxBytes", "4096"));
        var narrow = await small.ClientAsync();
        using var noise = Image.Gaussnoise(200, 200);
        using var picture = noise.Cast(Enums.BandFormat.Uchar);
        var bytes = picture.PngsaveBuffer();

        using var announced = await narrow.PostAsync("/uploads", new ByteArrayContent(bytes), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, announced.StatusCode);

        using var request = new HttpRequestMessage(HttpMethod.Post, "/uploads") { Content = new StreamContent(new MemoryStream(bytes)) };
        request.Headers.TransferEncodingChunked = true;
        using var chunked = await narrow.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, chunked.StatusCode);
        Assert.Equal(FailureCode.ImageTooLarge, (await chunked.Content.ReadFromJsonAsync<UploadProblem>(TestContext.Current.CancellationToken))!.Code);
    }

    [Fact]
    public async Task A_refusal_speaks_the_persons_language()
    {
        var chinese = await app.ClientAsync("zh-CN");

        using var response = await chinese.PostAsync("/uploads", new ByteArrayContent([]), TestContext.Current.CancellationToken);

        var problem = await response.Content.ReadFromJsonAsync<UploadProblem>(TestContext.Current.CancellationToken);
        Assert.Contains("空", problem!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_pages_token_nothing_is_taken()
    {
        var stranger = app.Factory.CreateClient();

        using var response = await stranger.PostAsync("/uploads", new ByteArrayContent(Pictures.Jpeg()), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(app.Data, "photos"), "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData("/uploads/0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/uploads/..%2F..%2Feduvision.db")]
    [InlineData("/uploads/xyz/thumbnail")]
    public async Task What_is_not_stored_is_not_found(string address) =>
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(address, TestContext.Current.CancellationToken)).StatusCode);

    [Fact]
    public async Task Refused_and_taken_uploads_leave_nothing_half_done()
    {
        await TakenAsync(Pictures.Jpeg());
        await RefusedAsync(Pictures.Jpeg()[..20], HttpStatusCode.UnprocessableEntity, FailureCode.ImageUnreadable, "damaged");

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(app.Data, "incoming")));
    }

    [Fact]
    public async Task A_turned_photo_is_a_photo_of_its_own()
    {
        var stored = await TakenAsync(Pictures.Png(120, 80));
        var store = (PhotoStore)app.Services.GetService(typeof(PhotoStore))!;

        var turned = await store.TurnAsync(stored.Sha256, 1);

        Assert.NotEqual(stored.Sha256, turned.Sha256);
        Assert.Equal((80, 120), (turned.Width, turned.Height));
        using var image = Image.NewFromFile(store.Find(turned.Sha256)!.Value.Path);
        Assert.Equal(0, image.Getpoint(40, 10)[0]);
        Assert.Equal(255, image.Getpoint(40, 110)[0]);
    }

    private async Task<StoredPhoto> TakenAsync(byte[] bytes)
    {
        using var response = await client.PostAsync("/uploads", new ByteArrayContent(bytes), TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (await response.Content.ReadFromJsonAsync<StoredPhoto>(TestContext.Current.CancellationToken))!;
    }

    private async Task<string?> TypeOfAsync(byte[] bytes)
    {
        var stored = await TakenAsync(bytes);
        using var response = await client.GetAsync(stored.Address, TestContext.Current.CancellationToken);
        return response.Content.Headers.ContentType?.MediaType;
    }

    private async Task RefusedAsync(byte[] bytes, HttpStatusCode status, string code, string word)
    {
        using var response = await client.PostAsync("/uploads", new ByteArrayContent(bytes), TestContext.Current.CancellationToken);
        var problem = await response.Content.ReadFromJsonAsync<UploadProblem>(TestContext.Current.CancellationToken);
        Assert.Equal((status, code), (response.StatusCode, problem!.Code));
        Assert.Contains(word, problem.Message, StringComparison.Ordinal);
    }
}
