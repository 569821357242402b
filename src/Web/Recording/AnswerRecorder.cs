using EduVision.Shared;
using EduVision.Web.Questions;
using EduVision.Web.Uploads;

namespace EduVision.Web.Recording;

/// <summary>Gets one answer out of the inference service, through dropped connections and restarts on either side.</summary>
internal sealed class AnswerRecorder(InferenceClient client, PhotoStore photos, LiveAnswer live, RecordingOptions options, ILogger log)
{
    /// <summary>Runs until the answer has ended.</summary>
    /// <param name="request">What to ask; its id is the answer's request.</param>
    /// <param name="isKnown">True if the service was asked before, by an earlier run of Web.</param>
    /// <param name="renew">Gives the request a new id and stores it, before it is asked again.</param>
    /// <param name="cancellationToken">Web stops; the request goes on in the service.</param>
    public async Task RunAsync(AskRequest request, bool isKnown, Func<Task<AskRequest>> renew, CancellationToken cancellationToken)
    {
        var imagesSentAgain = false;
        while (true)
        {
            var end = await StreamAsync(request, isKnown, cancellationToken);
            isKnown = false;
            if (end is null) return;
            if (live.Progress.Stopping)
            {
                live.EndStopped();
                return;
            }
            switch (end.Code)
            {
                case FailureCode.ImageMissing when !imagesSentAgain:
                    imagesSentAgain = true;
                    break;
                case FailureCode.ShuttingDown when live.Progress.Sequence == 0:
                    await Task.Delay(options.Pause, cancellationToken);
                    break;
                case FailureCode.ShuttingDown when live.Progress.HasNotBegun:
                    // It only waited: nothing is lost, so this is not the one time that an answer is asked again.
                    live.WaitAgain();
                    request = await renew();
                    break;
                case FailureCode.NotFound or FailureCode.ShuttingDown or FailureCode.DeviceLost when live.Progress.AskedAgain == 0:
                    log.LogInformation("The inference service lost answer {Id}; asking again", live.Id);
                    live.StartOver();
                    request = await renew();
                    break;
                case FailureCode.NotFound or FailureCode.ShuttingDown:
                    live.Apply(end with { Code = StoredAnswer.InterruptedCode });
                    return;
                default:
                    live.Apply(end);
                    return;
            }
        }
    }

    // The failure that the caller decides about, or null when the answer ended well.
    private async Task<Failed?> StreamAsync(AskRequest request, bool isKnown, CancellationToken cancellationToken)
    {
        var after = live.Progress.Sequence;
        var isNew = after == 0 && !isKnown;
        if (isNew && await SendImagesAsync(request, cancellationToken) is { } refused) return refused;
        var events = isNew ? client.AskAsync(request, 0, cancellationToken) : client.ResumeAsync(request.Id, after, cancellationToken);
        await foreach (var next in events)
        {
            if (next is Failed failed) return failed;
            live.Apply(next);
            if (next.IsLast) return null;
        }
        return new Failed(after, FailureCode.Unreachable, "The stream ended early.");
    }

    private async Task<Failed?> SendImagesAsync(AskRequest request, CancellationToken cancellationToken)
    {
        var giveUp = Environment.TickCount64 + (long)options.GiveUpAfter.TotalMilliseconds;
        foreach (var sha256 in request.Turns.SelectMany(turn => turn.Images).Distinct())
        {
            if (photos.Find(sha256) is not { } photo)
                return new Failed(0, FailureCode.ImageUnreadable, "The photo is no longer stored.", new Dictionary<string, string> { ["reason"] = sha256 });
            while (true)
            {
                try
                {
                    await client.EnsureImageAsync(sha256, _ => ValueTask.FromResult<Stream>(File.OpenRead(photo.Path)), cancellationToken);
                    break;
                }
                catch (InferenceException e) when (e.Error.Code == FailureCode.Unreachable && Environment.TickCount64 < giveUp && !live.Progress.Stopping)
                {
                    await Task.Delay(options.Pause, cancellationToken);
                }
                catch (InferenceException e)
                {
                    return new Failed(0, e.Error.Code, e.Error.Message, e.Error.Parameters);
                }
            }
        }
        return null;
    }
}
