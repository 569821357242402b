using EduVision.Inference.Hosting;
using EduVision.Inference.Images;
using EduVision.Inference.Runners;
using EduVision.Model.Chat;
using EduVision.Model.Imaging;
using EduVision.Shared;
using Microsoft.Extensions.Options;
using Prompt = EduVision.Inference.Runners.Prompt;

namespace EduVision.Inference.Requests;

/// <summary>Checks what a client sent and writes it down as the model reads it. Looks at image headers only; decodes nothing.</summary>
public sealed class RequestPreparer(ServedModel model, ImageStore store, Placement placement, IOptions<InferenceOptions> options)
{
    private readonly InferenceOptions settings = options.Value;
    private readonly SamplingRules rules = new(model, options.Value);

    /// <summary>What one request may hold.</summary>
    public ServiceLimits Limits { get; } = new(
        options.Value.MaxImages, options.Value.MaxImageBytes, options.Value.MaxImagePixels,
        Math.Min(placement.KvTokens, model.Config.Text.MaxPositions), options.Value.MaxOutputTokens);

    /// <summary>Prepares a request.</summary>
    /// <returns>The request, or why it is refused.</returns>
    public (PreparedRequest? Request, ServiceError? Refusal) Prepare(AskRequest request)
    {
        if (CheckShape(request) is { } malformed) return (null, malformed);
        try
        {
            List<(string Hash, ImageGrid Grid)> images = [];
            var messages = Messages(request, images);
            var prompt = Prompt(messages, images, reasons: request.Options.ThinkingBudget != 0);
            var room = Limits.ContextTokens - prompt.Ids.Count;
            if (room < 1)
                return (null, Refusals.TooMany(
                    FailureCode.ContextTooLong, "The conversation with its images does not fit the context. Send fewer or smaller images, or start anew.",
                    Limits.ContextTokens, prompt.Ids.Count));
            var limits = rules.Limits(request.Options, room);
            return (new PreparedRequest(request.User, prompt, rules.Sampling(request.Options), limits), null);
        }
        catch (ImageException exception)
        {
            return (null, Refusals.Of(exception));
        }
        catch (FileNotFoundException missing)
        {
            return (null, Refusals.Missing(missing.FileName ?? ""));
        }
    }

    private ServiceError? CheckShape(AskRequest request)
    {
        if (request.Id == Guid.Empty) return Refusals.Invalid("id", "It must not be empty.");
        if (string.IsNullOrEmpty(request.User) || request.User.Length > 256) return Refusals.Invalid("user", "It must have 1 to 256 characters.");
        if (!Enum.IsDefined(request.Task)) return Refusals.Invalid("task", "There is no such task.");
        if (request.Turns is not [.., { Role: TurnRole.User } last]) return Refusals.Invalid("turns", "The last turn must be the user's.");
        if (request.Turns.Any(turn => turn?.Text is null || turn.Images is null || !Enum.IsDefined(turn.Role)))
            return Refusals.Invalid("turns", "Each turn needs a role, a text and a list of images, which may be empty.");
        if (request.Turns.Any(turn => turn.Role == TurnRole.Assistant && turn.Images.Count > 0)) return Refusals.Invalid("turns", "Only a user's turn has images.");
        var images = request.Turns.SelectMany(turn => turn.Images).ToList();
        if (images.Count == 0 && string.IsNullOrWhiteSpace(last.Text)) return Refusals.Invalid("turns", "There is neither an image nor a text.");
        if (images.Count > settings.MaxImages)
            return Refusals.TooMany(FailureCode.TooManyImages, $"A request may have {settings.MaxImages} images. Send fewer.", settings.MaxImages, images.Count);
        if (images.FirstOrDefault(hash => hash is null || !ImageStore.IsHash(hash)) is { } wrong)
            return Refusals.Invalid("images", $"'{wrong[..Math.Min(80, wrong.Length)]}' is no lower-case hexadecimal SHA-256.");
        if (images.FirstOrDefault(hash => !store.Contains(hash)) is { } missing) return Refusals.Missing(missing);
        return SamplingRules.Check(request.Options, settings);
    }

    private List<ChatMessage> Messages(AskRequest request, List<(string, ImageGrid)> images)
    {
        List<ChatMessage> messages = [];
        if (!string.IsNullOrWhiteSpace(request.System)) messages.Add(new ChatMessage(ChatRole.System, request.System));
        foreach (var turn in request.Turns)
        {
            if (turn.Role == TurnRole.Assistant)
            {
                messages.Add(new ChatMessage(ChatRole.Assistant, turn.Text));
                continue;
            }
            List<ContentPart> parts = [];
            foreach (var hash in turn.Images)
            {
                var header = ImageDecoder.ReadHeader(store.Read(hash), store.Limits);
                var grid = model.Chat.Images.GridOf(header.Width, header.Height);
                images.Add((hash, grid));
                parts.Add(new ImagePart(grid));
            }
            parts.Add(new TextPart(Instruction(request, turn)));
            messages.Add(new ChatMessage(ChatRole.User, parts));
        }
        return messages;
    }

    // A task's own sentence stands where a person typed none; in an Ask the photo of an earlier turn was there to be solved.
    private static string Instruction(AskRequest request, Turn turn)
    {
        var task = request.Task == QuestionTask.Transcribe ? TaskPrompts.Transcribe(request.Language) : TaskPrompts.Solve(request.Language);
        if (string.IsNullOrWhiteSpace(turn.Text)) return task;
        var isLast = ReferenceEquals(turn, request.Turns[^1]);
        return isLast && request.Task != QuestionTask.Ask && turn.Images.Count > 0 ? $"{task}\n{turn.Text}" : turn.Text;
    }

    // Without a single token of reasoning the prompt itself closes what the template opened.
    private Prompt Prompt(List<ChatMessage> messages, List<(string Hash, ImageGrid Grid)> images, bool reasons)
    {
        var built = model.Chat.Prompts.Build(messages);
        var opened = model.Chat.Template.StartsInReasoning;
        return new Prompt
        {
            Ids = opened && !reasons ? [.. built.InputIds, .. rules.CloseReasoning] : built.InputIds,
            Positions = RotaryPositions.Of(built),
            StartsInReasoning = opened && reasons,
            Images = [.. built.Images.Zip(images).Select(pair => new PromptImage(
                Identity(pair.Second.Hash, pair.First.Grid), pair.First.Start, pair.First.Length, Source(pair.Second.Hash, pair.First.Grid)))],
        };
    }

    private string Identity(string hash, ImageGrid grid) => $"{hash}/{grid.T}x{grid.H}x{grid.W}/{model.ProcessorFingerprint}";

    private ImageSource Source(string hash, ImageGrid grid) => new(grid, () => model.Chat.Images.Process(store.Read(hash), store.Limits));
}
