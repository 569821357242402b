using EduVision.Inference.Engine;
using EduVision.Inference.Requests;
using EduVision.Shared;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Hosting;

/// <summary><c>GET /status</c>, <c>/healthz</c> and <c>/readyz</c>.</summary>
internal static class StatusEndpoints
{
    // Gigabytes of weights take longer to hash than anybody waits for a status.
    private static readonly TimeSpan HashPatience = TimeSpan.FromSeconds(1);

    public static void MapStatus(this IEndpointRouteBuilder app)
    {
        app.MapGet(InferenceRoutes.Alive, () => TypedResults.Text("alive"));
        app.MapGet(InferenceRoutes.Ready, Results<ContentHttpResult, StatusCodeHttpResult> (InferenceEngine engine) =>
            engine.State.Ready ? TypedResults.Text("ready") : TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable));
        app.MapGet(InferenceRoutes.Status, async (InferenceEngine engine, ServedModel model, RequestPreparer preparer, IOptions<InferenceOptions> options) =>
        {
            await Task.WhenAny(model.Hash, Task.Delay(HashPatience));
            var hash = model.Hash.IsCompletedSuccessfully ? await model.Hash : "";
            var state = engine.State;
            return TypedResults.Json(
                new ServiceStatus(
                    model.Name, hash, state.Device, state.Ready, state.Waiting, state.Running, options.Value.QueueLimit,
                    state.EtaSeconds, state.TokensPerSecond, state.BlocksUsed, state.BlocksTotal, preparer.Limits, state.Memory),
                InferenceJson.Options);
        });
    }
}
