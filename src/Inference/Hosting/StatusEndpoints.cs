using EduVision.Inference.Engine;
using EduVision.Inference.Requests;
using EduVision.Shared;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Hosting;

/// <summary><c>GET /status</c>, <c>/healthz</c> and <c>/readyz</c>.</summary>
internal static class StatusEndpoints
{
    public static void MapStatus(this IEndpointRouteBuilder app)
    {
        app.MapGet(InferenceRoutes.Alive, () => TypedResults.Text("alive"));
        app.MapGet(InferenceRoutes.Ready, Results<ContentHttpResult, StatusCodeHttpResult> (InferenceEngine engine) =>
            engine.State.Ready ? TypedResults.Text("ready") : TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable));
        app.MapGet(InferenceRoutes.Status, (InferenceEngine engine, ServedModel model, RequestPreparer preparer, IOptions<InferenceOptions> options) =>
        {
            var state = engine.State;
            return TypedResults.Json(
                new ServiceStatus(
                    model.Name, model.Hash, state.Device, state.Ready, state.Waiting, state.Running, options.Value.QueueLimit,
                    state.EtaSeconds, state.TokensPerSecond, state.BlocksUsed, state.BlocksTotal, preparer.Limits),
                InferenceJson.Options);
        });
    }
}
