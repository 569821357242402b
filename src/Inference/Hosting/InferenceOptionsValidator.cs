using EduVision.Inference.Runners;
using Microsoft.Extensions.Options;

namespace EduVision.Inference.Hosting;

/// <summary>What the attributes of <see cref="InferenceOptions"/> cannot say: how the values go together.</summary>
internal sealed class InferenceOptionsValidator : IValidateOptions<InferenceOptions>
{
    public ValidateOptionsResult Validate(string? name, InferenceOptions options)
    {
        List<string> faults = [];
        foreach (var url in (options.Urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (ListenAddress.Parse(url) is not { } address)
                faults.Add($"Urls: '{url}' is no address. Write it like http://127.0.0.1:5081.");
            else if (!address.IsLoopback && string.IsNullOrEmpty(options.Key))
                faults.Add($"Urls: '{url}' can be reached from other machines, so a key is required. Set EDUVISION_KEY, or listen on http://127.0.0.1.");
        }
        if ((options.StepTokens ?? Placement.UsualStepTokens) is var stepTokens && options.MaxRunning > stepTokens)
            faults.Add($"MaxRunning ({options.MaxRunning}) must not exceed StepTokens ({stepTokens}): each running request needs a token of every step.");
        if (options is { BlockSize: > 0, KvTokens: { } tokens } && tokens % options.BlockSize != 0)
            faults.Add($"KvTokens ({tokens}) must be a multiple of BlockSize ({options.BlockSize}).");
        if (options.Memory is { } memory && options.MemoryBytes is null)
            faults.Add($"Memory: '{memory}' is no amount of memory. Write it like 24GiB, 10.5GiB or 8000MB.");
        if (options.TorchLibrary is { } library && !Directory.Exists(library))
            faults.Add($"TorchLibrary: there is no folder '{library}'.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
