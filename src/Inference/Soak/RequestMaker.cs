using EduVision.Inference.Runners;
using EduVision.Inference.Runners.Sampling;
using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using Prompt = EduVision.Inference.Runners.Prompt;

namespace EduVision.Inference.Soak;

/// <summary>Makes requests of all kinds: short and long, with beginnings that others share, with photos, going on from an answer. Thread-safe.</summary>
internal sealed class RequestMaker
{
    private const int Photos = 8, Beginnings = 8;

    private readonly SoakSettings settings;
    private readonly (string Identity, PatchedImage Patches)[] photos;
    private readonly int[][] beginnings;

    public RequestMaker(SoakSettings settings)
    {
        this.settings = settings;
        var random = new Random(settings.Seed);
        var merge = settings.Model.Vision.MergeSize;
        // Two photos fill a prompt of the largest at most; 32x32 tokens are a photo of 1024x1024.
        var side = Math.Clamp((int)Math.Sqrt(settings.MaxPrompt / 3), 1, 32);
        photos = [.. Enumerable.Range(0, Photos).Select(number =>
        {
            var grid = new ImageGrid(1, merge * random.Next(1, side + 1), merge * random.Next(1, side + 1));
            return ($"photo {number}", PatchedImage.Noise(settings.Model.Vision, grid, random));
        })];
        beginnings = [.. Enumerable.Range(0, Beginnings).Select(_ => Text(random, Length(random, settings.MaxPrompt / 3)))];
    }

    /// <summary>The next request of a user.</summary>
    /// <param name="random">The user's.</param>
    /// <param name="before">All tokens of the user's last conversation, if there was one without photos.</param>
    public SoakRequest Make(Random random, IReadOnlyList<int>? before)
    {
        List<int> ids = [];
        List<(ImageSpan Span, int Photo)> images = [];
        var kind = random.NextDouble();
        if (kind < 0.25) ids.AddRange(beginnings[random.Next(Beginnings)]);
        else if (kind < 0.4 && before?.Count < settings.MaxPrompt / 2) ids.AddRange(before);
        else if (kind < 0.7)
        {
            for (var photo = 0; photo <= random.Next(2); photo++)
            {
                ids.AddRange(Text(random, 1 + random.Next(8)));
                var number = random.Next(Photos);
                var grid = photos[number].Patches.Grid;
                var tokens = grid.Tokens(settings.Model.Vision.MergeSize);
                if (ids.Count + tokens + 16 > settings.MaxPrompt) break;
                images.Add((new ImageSpan(grid, ids.Count, tokens), number));
                ids.AddRange(Enumerable.Repeat(settings.Model.ImageTokenId, tokens));
            }
        }
        ids.AddRange(Text(random, Length(random, settings.MaxPrompt - ids.Count)));
        var maxTokens = Length(random, settings.MaxOutput);
        return new SoakRequest(
            PromptOf([.. ids], images), Sampling(random), maxTokens, Stops: random.Next(2) == 0,
            // What is forced has to fit, and a token has to follow.
            random.Next(8) == 0 && maxTokens > SoakRequest.Forced.Count + 1 ? 1 + random.Next(maxTokens - SoakRequest.Forced.Count - 1) : null);
    }

    /// <summary>Whether and when a user gives up on a request: at once, while it waits, in its prompt, or in the middle of the answer.</summary>
    public static ChangeOfMind? ChangeOfMind(Random random, SoakRequest request) => random.Next(5) > 0
        ? null
        : new ChangeOfMind(random.Next(request.MaxTokens + 1), TimeSpan.FromMilliseconds(random.Next(4) == 0 ? 0 : Math.Exp(random.NextDouble() * 9)));

    private Prompt PromptOf(int[] ids, List<(ImageSpan Span, int Photo)> images)
    {
        var built = new Model.Chat.Prompt(ids, [.. images.Select(image => image.Span)], settings.Model.Vision.MergeSize);
        return new Prompt
        {
            Ids = ids,
            Positions = RotaryPositions.Of(built),
            Images = [.. images.Select(image =>
            {
                var (identity, patches) = photos[image.Photo];
                return new PromptImage(identity, image.Span.Start, image.Span.Length, new ImageSource(patches.Grid, () => patches));
            })],
        };
    }

    private static SamplingParameters Sampling(Random random)
    {
        var seed = (ulong)random.NextInt64();
        return random.Next(10) switch
        {
            < 4 => new SamplingParameters { Temperature = 0 },
            < 7 => new SamplingParameters { Temperature = 0.8, TopK = 20, TopP = 0.95, Seed = seed },
            7 => new SamplingParameters { Temperature = 1, Seed = seed },
            8 => new SamplingParameters { Temperature = 0.8, TopK = 20, PresencePenalty = 1, Seed = seed },
            _ => new SamplingParameters { Temperature = 0.6, TopK = 20, MinP = 0.05, TopLogProbs = 5, Seed = seed },
        };
    }

    private int[] Text(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(settings.Model.Text.VocabSize))];

    // Short ones are as many as long ones: every power of two is as likely.
    private static int Length(Random random, int most) => Math.Clamp((int)Math.Exp(random.NextDouble() * Math.Log(most + 1)), 1, Math.Max(1, most));
}
