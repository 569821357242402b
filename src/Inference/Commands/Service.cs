using System.ComponentModel.DataAnnotations;
using EduVision.Inference.Engine;
using EduVision.Inference.Hosting;
using EduVision.Inference.Runners;
using EduVision.Model.Configuration;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Commands;

/// <summary>The service in this process, from its start until its model is loaded.</summary>
internal static class Service
{
    /// <summary>Starts it.</summary>
    /// <returns>The running service, or null after the reason was written to standard error.</returns>
    public static async Task<WebApplication?> StartAsync(Action<InferenceOptions> configure, CancellationToken cancellationToken)
    {
        WebApplication? app = null;
        try
        {
            app = InferenceHost.Build(configure, services => RunnerLoader.Load(
                services.GetRequiredService<ServedModel>().Directory, services.GetRequiredService<IOptions<InferenceOptions>>().Value, services.GetRequiredService<ILogger<ModelRunner>>()));
            await app.StartAsync(cancellationToken);
            await app.Services.GetRequiredService<InferenceEngine>().Loaded.WaitAsync(cancellationToken);
            return app;
        }
        catch (Exception exception) when (IsUsers(exception))
        {
            await Console.Error.WriteLineAsync(exception is OptionsValidationException invalid ? string.Join(Environment.NewLine, invalid.Failures) : exception.Message);
            if (app is not null) await app.DisposeAsync();
            return null;
        }
    }

    /// <summary>The first address it listens on.</summary>
    public static string AddressOf(WebApplication app) => app.Urls.First();

    // What a person can mend by what the message says; anything else is ours, and its stack is worth seeing.
    internal static bool IsUsers(Exception exception) => exception is OptionsValidationException or ValidationException
        or ModelFileException or IOException or UnauthorizedAccessException or DllNotFoundException
        // A value of the configuration that is no number where one is wanted; the message names it.
        or InvalidOperationException { InnerException: FormatException or ArgumentException or OverflowException };
}
