using EduVision.Inference.Commands;
using EduVision.Inference.Tests.Fakes;
using EduVision.Shared;
using Microsoft.AspNetCore.Builder;

namespace EduVision.Inference.Tests.Bundled;

/// <summary>The start page's sample photos through the real service, with the bundled model and greedy decoding.</summary>
public abstract class SampleContract(SampleContract.BundledService bundled)
{
    [Theory]
    [InlineData("zh", "arithmetic.jpg", "42\\div 6\\times 4", "28")]
    [InlineData("en", "arithmetic.jpg", "42\\div 6\\times 4", "28")]
    [InlineData("zh", "equation.jpg", "3x=18", "x=6")]
    [InlineData("en", "equation.jpg", "3x=18", "x=6")]
    public async Task A_problem_is_solved_step_by_step(string language, string sample, string step, string result)
    {
        var events = await bundled.AskAsync(QuestionTask.Solve, language, sample);
        var done = Assert.IsType<Completed>(events[^1]);
        Assert.Equal(FinishReason.Stop, done.FinishReason);
        Assert.True(done.Usage.ReasoningTokens > 0);
        Assert.Contains(step, string.Concat(events.OfType<Reasoning>().Select(item => item.Delta)), StringComparison.Ordinal);
        Assert.EndsWith(result, AnswerOf(events).Trim().Trim('$').Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_column_of_verse_is_transcribed() =>
        Assert.Equal("春风又绿江南岸", AnswerOf(await bundled.AskAsync(QuestionTask.Transcribe, "zh", "column.jpg")).Trim());

    private static string AnswerOf(IEnumerable<AnswerEvent> events) => string.Concat(events.OfType<Answer>().Select(item => item.Delta));

    /// <summary>The service as the command line starts it, on a port of its own.</summary>
    public abstract class BundledService(string device) : IAsyncLifetime
    {
        private WebApplication? app;
        private InferenceClient? client;

        public async ValueTask InitializeAsync()
        {
            if (device != "cpu" && !Gpu.IsThere) return;
            app = await Service.StartAsync(
                options => (options.ModelDirectory, options.Urls, options.Key, options.Device) = (Repository.Find("models/nano"), "http://127.0.0.1:0", null, device),
                CancellationToken.None);
            Assert.NotNull(app);
            client = new InferenceClient(new InferenceEndpoint(new Uri(Service.AddressOf(app)), null));
        }

        public async Task<List<AnswerEvent>> AskAsync(QuestionTask task, string language, string sample)
        {
            var photo = await File.ReadAllBytesAsync(Repository.Find($"wwwroot/samples/{sample}"), TestContext.Current.CancellationToken);
            var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(photo));
            await client!.EnsureImageAsync(hash, _ => ValueTask.FromResult<Stream>(new MemoryStream(photo)), TestContext.Current.CancellationToken);
            var request = new AskRequest
            {
                Id = Guid.NewGuid(), User = "someone", Task = task, Language = language, Turns = [new Turn(TurnRole.User, "", [hash])],
                Options = new GenerationOptions { Temperature = 0 },
            };
            List<AnswerEvent> events = [];
            await foreach (var item in client.AskAsync(request, 0, TestContext.Current.CancellationToken)) events.Add(item);
            return events;
        }

        public async ValueTask DisposeAsync()
        {
            GC.SuppressFinalize(this);
            if (client is not null) await client.DisposeAsync();
            if (app is null) return;
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}

/// <summary>On a CPU, in float32.</summary>
public sealed class SampleTests(SampleTests.OnCpu service) : SampleContract(service), IClassFixture<SampleTests.OnCpu>
{
    public sealed class OnCpu() : BundledService("cpu");
}

/// <summary>On a GPU, in BF16.</summary>
[Trait("Category", "Gpu")]
public sealed class GpuSampleTests : SampleContract, IClassFixture<GpuSampleTests.OnGpu>
{
    public GpuSampleTests(OnGpu service) : base(service) => Gpu.Require();

    public sealed class OnGpu() : BundledService("cuda");
}
