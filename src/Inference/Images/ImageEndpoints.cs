using EduVision.Shared;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EduVision.Inference.Images;

/// <summary><c>PUT</c> and <c>HEAD /images/{sha256}</c>.</summary>
internal static class ImageEndpoints
{
    public static void MapImages(this IEndpointRouteBuilder app)
    {
        app.MapMethods(InferenceRoutes.Images, ["HEAD"], Results<Ok, NotFound> (string sha256, ImageStore store) =>
            ImageStore.IsHash(sha256) && store.Contains(sha256) ? TypedResults.Ok() : TypedResults.NotFound());
        app.MapPut(InferenceRoutes.Images, PutAsync);
    }

    private static async Task<Results<NoContent, JsonHttpResult<ServiceError>>> PutAsync(
        string sha256, HttpRequest request, ImageStore store, CancellationToken cancellationToken)
    {
        if (!ImageStore.IsHash(sha256))
            return Refuse(Refusals.Invalid("sha256", "The address must end in 64 lower-case hexadecimal digits, the SHA-256 of the bytes."));
        if (request.ContentLength > store.Limits.MaxBytes) return Refuse(Refusals.TooManyBytes(store.Limits.MaxBytes));
        // The store counts while it reads, chunked uploads included; the server's own bound would end the connection without a word.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bound) bound.MaxRequestBodySize = null;
        if (store.Contains(sha256)) return TypedResults.NoContent();
        return await store.PutAsync(sha256, request.Body, cancellationToken) is { } refusal ? Refuse(refusal) : TypedResults.NoContent();
    }

    private static JsonHttpResult<ServiceError> Refuse(ServiceError error) => TypedResults.Json(error, statusCode: error.Code switch
    {
        FailureCode.ImageTooLarge => StatusCodes.Status413PayloadTooLarge,
        FailureCode.InvalidRequest => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status422UnprocessableEntity,
    });
}
