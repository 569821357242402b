using System.CommandLine;
using EduVision.Inference.Engine;
using EduVision.Inference.Hosting;

namespace EduVision.Inference.Commands;

/// <summary><c>serve</c>: the service until it is told to stop.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var urls = new Option<string?>("--urls") { Description = "Address to listen on; http://127.0.0.1:5081 if not given, port 0 for a free one." };
        var parent = new Option<int?>("--parent") { Description = "Id of the process that started this one: ends with it, and when standard input ends." };
        var service = new ServiceOptions();
        var command = new Command("serve", "Serves the model. The key comes from EDUVISION_KEY.") { urls, parent };
        service.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            void Configure(InferenceOptions options)
            {
                options.Urls = parsed.GetValue(urls) ?? options.Urls;
                service.Apply(parsed, options);
            }

            if (await Service.StartAsync(Configure, cancellationToken) is not { } app) return 2;
            var engine = app.Services.GetRequiredService<InferenceEngine>();
            await using (app)
            {
                if (parsed.GetValue(parent) is { } id) ParentWatch.Start(id, app.Lifetime);
                Console.WriteLine($"Listening on {Service.AddressOf(app)}");
                await app.WaitForShutdownAsync(cancellationToken);
            }
            // Everybody has been told, and the log is written.
            if (engine.ExitCode != 0) ExitCodes.EndWith(engine.ExitCode);
            return 0;
        });
        return command;
    }
}
