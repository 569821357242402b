using EduVision.Inference.Benchmarks;
using EduVision.Inference.Hosting;
using EduVision.Inference.Soak;

namespace EduVision.Inference.Tests.Soak;

public sealed class RequestMakerTests
{
    private static readonly SoakSettings Settings = new()
    {
        Engine = new InferenceOptions { KvTokens = 2048 }, Model = KnownModels.All["qwen3-vl-8b"], Load = () => throw new InvalidOperationException("Nothing is computed here."),
    };

    [Fact]
    public void Requests_are_of_all_kinds_and_fit_what_they_may_have()
    {
        var maker = new RequestMaker(Settings);
        var random = new Random(5);
        int[] before = [.. Enumerable.Range(1000, 100)];
        var made = Enumerable.Range(0, 400).Select(_ => maker.Make(random, before)).ToList();
        Assert.All(made, request =>
        {
            Assert.InRange(request.Prompt.Ids.Count, 1, Settings.MaxPrompt);
            Assert.InRange(request.MaxTokens, 1, Settings.MaxOutput);
            Assert.True(request.ForceAfter is null || request.ForceAfter + SoakRequest.Forced.Count < request.MaxTokens);
            Assert.Equal(request.Prompt.Ids.Count, request.Prompt.Positions.Time.Count);
            foreach (var image in request.Prompt.Images)
            {
                Assert.Equal(image.Tokens, image.Source.Grid.Tokens(2));
                Assert.All(Enumerable.Range(image.Offset, image.Tokens), place => Assert.Equal(Settings.Model.ImageTokenId, request.Prompt.Ids[place]));
            }
        });
        Assert.Contains(made, request => request.Prompt.Images.Count == 2);
        Assert.Contains(made, request => request.Prompt.Ids.Take(100).SequenceEqual(before));
        Assert.Contains(made.GroupBy(request => string.Join(' ', request.Prompt.Ids.Take(8))), group => group.Count() > 5);
        foreach (var kind in new Func<SoakRequest, bool>[] { one => one.Sampling.Temperature == 0, one => one.Sampling is { TopK: 0, Temperature: > 0 }, one => one.Sampling.PresencePenalty > 0, one => one.Sampling.TopLogProbs > 0, one => one.ForceAfter > 0, one => one.Stops })
            Assert.Contains(made, one => kind(one));
    }

    [Fact]
    public void The_same_seed_makes_the_same_requests()
    {
        var (one, other) = (new RequestMaker(Settings), new RequestMaker(Settings));
        var (first, second) = (new Random(7), new Random(7));
        for (var i = 0; i < 20; i++)
        {
            var (a, b) = (one.Make(first, null), other.Make(second, null));
            Assert.Equal(a.Prompt.Ids, b.Prompt.Ids);
            Assert.Equal((a.Sampling, a.MaxTokens, a.Stops, a.ForceAfter), (b.Sampling, b.MaxTokens, b.Stops, b.ForceAfter));
        }
    }
}
