using System.CommandLine;
using System.Security.Cryptography;
using EduVision.Inference.Hosting;
using EduVision.Shared;
using Spectre.Console;

namespace EduVision.Inference.Commands;

/// <summary><c>ask</c>: one question, and its answer as it comes, over the same road as the page's.</summary>
internal static class AskCommand
{
    public static Command Create()
    {
        var images = new Option<FileInfo[]>("--image") { Description = "A photo; may be given several times.", AllowMultipleArgumentsPerToken = false };
        var task = new Option<QuestionTask?>("--task") { Description = "Solve, Transcribe or Ask; Ask if there is a question, Solve if not." };
        var language = new Option<string>("--language") { Description = "zh or en.", DefaultValueFactory = _ => "en" };
        var maxTokens = new Option<int?>("--max-tokens") { Description = "Most output tokens." };
        var temperature = new Option<double?>("--temperature") { Description = "0 is greedy; the model's own if not given." };
        var url = new Option<Uri?>("--url")
        {
            Description = "A running service to ask (key in EDUVISION_KEY); without it, one is started for this question.",
            CustomParser = ParseUrl,
        };
        var question = new Argument<string?>("question") { Arity = ArgumentArity.ZeroOrOne, Description = "The question; the task's own words if not given." };
        var service = new ServiceOptions();
        var command = new Command("ask", "Asks about photos and prints reasoning and answer as they come.") { images, task, language, maxTokens, temperature, url, question };
        service.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var text = parsed.GetValue(question) ?? "";
            var request = new AskRequest
            {
                Id = Guid.NewGuid(),
                User = Environment.UserName is { Length: > 0 } user ? user : "ask",
                Task = parsed.GetValue(task) ?? (text.Length > 0 ? QuestionTask.Ask : QuestionTask.Solve),
                Language = parsed.GetValue(language)!,
                Turns = [new Turn(TurnRole.User, text)],
                Options = new GenerationOptions { MaxTokens = parsed.GetValue(maxTokens), Temperature = parsed.GetValue(temperature) },
            };
            var photos = parsed.GetValue(images) ?? [];
            if (parsed.GetValue(url) is { } running)
                return await AskAsync(new InferenceEndpoint(running, Environment.GetEnvironmentVariable("EDUVISION_KEY")), request, photos, cancellationToken);

            void Configure(InferenceOptions options)
            {
                options.Urls = "http://127.0.0.1:0";
                options.Key = null;
                service.Apply(parsed, options);
            }

            if (await Service.StartAsync(Configure, cancellationToken) is not { } app) return 2;
            await using (app)
                return await AskAsync(new InferenceEndpoint(new Uri(Service.AddressOf(app))), request, photos, cancellationToken);
        });
        return command;
    }

    private static Uri? ParseUrl(System.CommandLine.Parsing.ArgumentResult argument)
    {
        var text = argument.Tokens[0].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https" }) return address;
        argument.AddError($"'{text}' is no address. Write it like http://127.0.0.1:5081.");
        return null;
    }

    private static async Task<int> AskAsync(InferenceEndpoint endpoint, AskRequest request, FileInfo[] photos, CancellationToken cancellationToken)
    {
        await using var client = new InferenceClient(endpoint);
        try
        {
            List<string> hashes = [];
            foreach (var photo in photos)
            {
                await using var bytes = photo.OpenRead();
                var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(bytes, cancellationToken));
                await client.EnsureImageAsync(hash, _ => ValueTask.FromResult<Stream>(photo.OpenRead()), cancellationToken);
                hashes.Add(hash);
            }
            request = request with { Turns = [request.Turns[0] with { Images = hashes }] };
            return await PrintAsync(client.AskAsync(request, cancellationToken: cancellationToken));
        }
        catch (OperationCanceledException)
        {
            return await StopAsync(client, request.Id);
        }
        catch (InferenceException refusal)
        {
            return Complain(refusal.Error.Message);
        }
        catch (IOException exception)
        {
            return Complain(exception.Message);
        }
    }

    private static async Task<int> PrintAsync(IAsyncEnumerable<AnswerEvent> events)
    {
        var thinking = false;
        await foreach (var item in events)
        {
            switch (item)
            {
                case Reasoning piece:
                    thinking = true;
                    AnsiConsole.Write(new Text(piece.Delta, Color.Grey));
                    break;
                case Answer piece:
                    if (thinking) AnsiConsole.WriteLine("\n");
                    thinking = false;
                    AnsiConsole.Write(new Text(piece.Delta));
                    break;
                case Completed completed:
                    AnsiConsole.WriteLine();
                    await Console.Error.WriteLineAsync(
                        $"[{completed.FinishReason}: {completed.Usage.PromptTokens} tokens in, {completed.Usage.ReasoningTokens + completed.Usage.AnswerTokens} out, " +
                        $"first after {completed.Timings.FirstTokenSeconds:0.00} s, {completed.Timings.TokensPerSecond:0.0} tokens/s]");
                    return 0;
                case Failed failed:
                    return Complain(failed.Message);
            }
        }
        return 1;
    }

    // Who presses Ctrl+C wants no more of the answer; a service that others use would go on with it.
    private static async Task<int> StopAsync(InferenceClient client, Guid id)
    {
        const int interrupted = 130;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await client.CancelAsync(id, limit.Token);
        }
        catch (Exception exception) when (exception is InferenceException or OperationCanceledException)
        {
            // It is gone as well.
        }
        return interrupted;
    }

    private static int Complain(string message)
    {
        Console.Error.WriteLine(message);
        return 1;
    }
}
