using EduVision.Web.Localization;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace EduVision.Web.Uploads;

/// <summary>Photos come and go by plain HTTP, never through a circuit.</summary>
public static class UploadApi
{
    private const string Forever = "private, max-age=31536000, immutable";

    /// <summary>Registers the photo store.</summary>
    public static WebApplicationBuilder AddUploads(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<UploadOptions>().BindConfiguration("Uploads").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<PhotoStore>();
        return builder;
    }

    /// <summary>Maps <c>POST /uploads</c> (the body is the file), <c>GET /uploads/{sha256}</c> and its thumbnail.</summary>
    public static void MapUploads(this WebApplication app)
    {
        app.MapPost("/uploads", TakeAsync);
        app.MapGet("/uploads/{sha256}", Photo);
        app.MapGet("/uploads/{sha256}/thumbnail", Thumbnail);
    }

    private static async Task<Results<Ok<StoredPhoto>, JsonHttpResult<UploadProblem>>> TakeAsync(
        HttpContext http, PhotoStore store, IAntiforgery antiforgery, IOptions<UploadOptions> options, Texts texts)
    {
        try
        {
            if (!await antiforgery.IsRequestValidAsync(http)) throw new UploadRefusedException(UploadRefusedException.Stale);
            if (http.Request.ContentLength > options.Value.MaxBytes) throw PhotoStore.TooLarge(options.Value.MaxBytes, http.Request.ContentLength.Value);
            // We count ourselves, so that the refusal is ours, in the person's language.
            http.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = null;
            return TypedResults.Ok(await store.TakeAsync(http.Request.Body, http.RequestAborted));
        }
        catch (UploadRefusedException refused)
        {
            return TypedResults.Json(new UploadProblem(refused.Code, texts.Failure(refused.Code, refused.Parameters)), statusCode: StatusOf(refused.Code));
        }
    }

    private static Results<PhysicalFileHttpResult, NotFound> Photo(string sha256, PhotoStore store, HttpResponse response)
    {
        if (store.Find(sha256) is not { } photo) return TypedResults.NotFound();
        response.Headers.CacheControl = Forever;
        return TypedResults.PhysicalFile(photo.Path, photo.ContentType);
    }

    private static Results<PhysicalFileHttpResult, NotFound> Thumbnail(string sha256, PhotoStore store, HttpResponse response)
    {
        if (store.FindThumbnail(sha256) is not { } path) return TypedResults.NotFound();
        response.Headers.CacheControl = Forever;
        return TypedResults.PhysicalFile(path, "image/webp");
    }

    private static int StatusOf(string code) => code switch
    {
        Shared.FailureCode.ImageTooLarge => StatusCodes.Status413PayloadTooLarge,
        UploadRefusedException.WrongKind => StatusCodes.Status415UnsupportedMediaType,
        UploadRefusedException.Stale => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status422UnprocessableEntity,
    };
}
