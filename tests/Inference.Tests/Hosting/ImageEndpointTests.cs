using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using EduVision.Inference.Images;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace EduVision.Inference.Tests.Hosting;

public sealed class ImageEndpointTests
{
    private static string HashOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static async Task<(HttpStatusCode Status, string? Code)> PutAsync(TestService service, string hash, HttpContent content)
    {
        using var http = new HttpClient { BaseAddress = service.Url };
        using var response = await http.PutAsync(InferenceRoutes.Image(hash), content, TestContext.Current.CancellationToken);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, body.Length == 0 ? null : System.Text.Json.JsonSerializer.Deserialize<ServiceError>(body, InferenceJson.Options)!.Code);
    }

    [Fact]
    public async Task An_image_is_stored_once_and_found_by_its_hash()
    {
        await using var service = await TestService.StartAsync();
        var bytes = Pictures.Png();
        using var http = new HttpClient { BaseAddress = service.Url };
        using var before = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, InferenceRoutes.Image(HashOf(bytes))), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, before.StatusCode);
        for (var i = 0; i < 2; i++) Assert.Equal((HttpStatusCode.NoContent, null), await PutAsync(service, HashOf(bytes), new ByteArrayContent(bytes)));
        using var after = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, InferenceRoutes.Image(HashOf(bytes))), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        Assert.Equal(bytes.Length, service.Services.GetRequiredService<ImageStore>().TotalBytes);
    }

    [Fact]
    public async Task What_is_no_image_or_not_what_it_says_is_refused_and_leaves_nothing_behind()
    {
        await using var service = await TestService.StartAsync(configure: options => (options.MaxImageBytes, options.MaxImagePixels) = (100_000, 1_000_000));
        var png = Pictures.Png();
        var broken = png[..(png.Length / 2)];
        var bomb = Bomb();
        var large = RandomNumberGenerator.GetBytes(100_001);
        foreach (var (hash, content, status, code) in new (string, HttpContent, HttpStatusCode, string)[]
        {
            (HashOf([1]), new ByteArrayContent(png), HttpStatusCode.BadRequest, FailureCode.InvalidRequest),
            ("..%2F..%2Fetc", new ByteArrayContent(png), HttpStatusCode.BadRequest, FailureCode.InvalidRequest),
            (HashOf(png).ToUpperInvariant(), new ByteArrayContent(png), HttpStatusCode.BadRequest, FailureCode.InvalidRequest),
            (HashOf([]), new ByteArrayContent([]), HttpStatusCode.UnprocessableEntity, FailureCode.ImageUnreadable),
            (HashOf([1, 2, 3]), new ByteArrayContent([1, 2, 3]), HttpStatusCode.UnprocessableEntity, FailureCode.ImageUnreadable),
            (HashOf(broken), new ByteArrayContent(broken), HttpStatusCode.UnprocessableEntity, FailureCode.ImageUnreadable),
            (HashOf(bomb), new ByteArrayContent(bomb), HttpStatusCode.UnprocessableEntity, FailureCode.ImageTooManyPixels),
            (HashOf(large), new ByteArrayContent(large), HttpStatusCode.RequestEntityTooLarge, FailureCode.ImageTooLarge),
            (HashOf(large), new StreamContent(new Unmeasured(large)), HttpStatusCode.RequestEntityTooLarge, FailureCode.ImageTooLarge),
        })
        {
            Assert.Equal((status, code), await PutAsync(service, hash, content));
        }
        Assert.Equal(0, service.Services.GetRequiredService<ImageStore>().TotalBytes);
    }

    [Theory]
    [InlineData(1, 10_000)]
    [InlineData(1, 1)]
    public async Task Images_of_impossible_shape_never_reach_the_engine(int width, int height)
    {
        await using var service = await TestService.StartAsync();
        var hash = "";
        try
        {
            hash = await service.StoreAsync(Pictures.Png(width, height));
        }
        catch (InferenceException refusal)
        {
            Assert.Equal(FailureCode.ImageShape, refusal.Error.Code);
            return;
        }
        // One pixel is enlarged to the least size the model takes; a line is no picture.
        var last = (await service.AskAsync(TestService.Question("look", hash)))[^1];
        if (width == height) Assert.IsType<Completed>(last);
        else Assert.Equal(FailureCode.ImageShape, Assert.IsType<Failed>(last).Code);
    }

    [Fact]
    public async Task Full_the_store_forgets_what_was_unused_longest()
    {
        var bytes = Enumerable.Range(0, 3).Select(i => Pictures.Png(number: i)).ToList();
        await using var service = await TestService.StartAsync(configure: options => options.ImageStoreBytes = bytes[0].Length + bytes[1].Length + 10);
        var store = service.Services.GetRequiredService<ImageStore>();
        await service.StoreAsync(bytes[0]);
        await service.StoreAsync(bytes[1]);
        Assert.True(store.Contains(HashOf(bytes[0])));
        await service.StoreAsync(bytes[2]);
        Assert.Equal((true, false, true), (store.Contains(HashOf(bytes[0])), store.Contains(HashOf(bytes[1])), store.Contains(HashOf(bytes[2]))));
        var refused = Assert.IsType<Failed>((await service.AskAsync(TestService.Question("look", HashOf(bytes[1]))))[^1]);
        Assert.Equal((FailureCode.ImageMissing, HashOf(bytes[1])), (refused.Code, refused.Parameters!["sha256"]));
    }

    // A PNG of a few bytes whose header promises 50,000 x 50,000 pixels.
    private static byte[] Bomb()
    {
        var png = Pictures.Png();
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), 50_000);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), 50_000);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Crc(png.AsSpan(12, 17)));
        return png;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
        }
        return ~crc;
    }

    /// <summary>A stream that does not say how long it is, so that the body is sent in chunks.</summary>
    private sealed class Unmeasured(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
