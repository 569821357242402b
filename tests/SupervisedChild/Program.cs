// Behaves to its parent as the inference service does, with nothing behind it: listens where it is told, says so in one line,
// knows its key, ends when its standard input closes, and dies when asked to.
if (args is not ["serve", "--urls", var urls, "--model", var model, "--parent", ..]) return 64;
if (!Directory.Exists(model)) return 65;
if (File.Exists(Path.Combine(model, "broken")))
{
    Console.Error.WriteLine("config.json: there is none");
    return 66;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
await using var app = builder.Build();
app.Urls.Add(urls);
app.MapGet("/key", () => Environment.GetEnvironmentVariable("EDUVISION_KEY"));
app.MapPost("/die", () => Environment.Exit(3));
await app.StartAsync();
Console.WriteLine($"Listening on {app.Urls.Single()}");
await Task.Run(async () =>
{
    while (await Console.In.ReadLineAsync() is not null) { }
});
return 0;
