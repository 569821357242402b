using EduVision.Shared;
using Microsoft.Extensions.Options;

namespace EduVision.Web.Supervision;

/// <summary>The inference service and the client that speaks to it.</summary>
public static class SupervisionExtensions
{
    /// <summary>Registers the supervisor and one client for the whole application.</summary>
    public static WebApplicationBuilder AddInference(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<SupervisionOptions>().BindConfiguration("Inference").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<InferenceSupervisor>();
        builder.Services.AddHostedService(services => services.GetRequiredService<InferenceSupervisor>());
        builder.Services.AddSingleton(services =>
        {
            var supervisor = services.GetRequiredService<InferenceSupervisor>();
            // A child that dies and loads a large model again takes longer than a network hiccup.
            return new InferenceClient(() => supervisor.Endpoint, new InferenceClientOptions
            {
                GiveUpAfter = services.GetRequiredService<IOptions<SupervisionOptions>>().Value.StartLimit,
            });
        });
        return builder;
    }
}
