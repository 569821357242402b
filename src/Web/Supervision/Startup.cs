using EduVision.Web.Data;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace EduVision.Web.Supervision;

/// <summary>Starts everything in order and says where it is, or says in one sentence why not.</summary>
public static class Startup
{
    /// <summary>Runs until stopped.</summary>
    /// <returns>0, or 1 when it could not start.</returns>
    public static async Task<int> RunUntilStoppedAsync(this WebApplication app)
    {
        try
        {
            await app.MigrateDataAsync();
            await app.StartAsync();
            await app.Services.GetRequiredService<InferenceSupervisor>().FirstReady;
        }
        catch (OptionsValidationException e)
        {
            // Nothing was started, so nothing is there to stop.
            await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, e.Failures));
            return 1;
        }
        catch (Exception e) when (e is NotLoopbackException or InvalidOperationException or TimeoutException or IOException)
        {
            await Console.Error.WriteLineAsync(e.InnerException is AddressInUseException
                ? $"{e.Message} Another EduVision may run there; choose another address with --urls http://localhost:5081."
                : e.Message);
            await app.StopAsync();
            return 1;
        }
        Console.WriteLine($"EduVision: {string.Join("  ", app.Urls)}");
        await app.WaitForShutdownAsync();
        return 0;
    }
}
