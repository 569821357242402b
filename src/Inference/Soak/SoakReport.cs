namespace EduVision.Inference.Soak;

/// <summary>Memory after the warm-up and at the end, in bytes.</summary>
internal readonly record struct MemorySpan(long First, long Last);

/// <summary>What came of a soak.</summary>
/// <param name="Device">The runner's.</param>
/// <param name="Users">Simulated users.</param>
/// <param name="Seconds">How long they asked, and until all were answered.</param>
/// <param name="Seed">Where the random numbers began.</param>
/// <param name="Finished">Requests that ended by themselves.</param>
/// <param name="Cancelled">Requests that their users ended.</param>
/// <param name="PromptTokens">Prompt tokens taken up.</param>
/// <param name="CachedTokens">Of those, found in the prefix cache.</param>
/// <param name="OutputTokens">Tokens made.</param>
/// <param name="Preemptions">Requests put back for lack of KV blocks or for fairness.</param>
/// <param name="Images">Images looked up in the encoder cache.</param>
/// <param name="CachedImages">Of those, found.</param>
/// <param name="LongestWaitTokens">Most tokens served to others while a user with a request got none.</param>
/// <param name="PatienceTokens">From how many on that is starving.</param>
/// <param name="Process">Memory of the process.</param>
/// <param name="Gpu">Memory in use on the GPU; null on a CPU.</param>
/// <param name="Replayed">Finished requests asked again, each alone.</param>
/// <param name="ReplayedSame">Of those, answered with the same tokens.</param>
/// <param name="SameIsPromised">Whether the runner promises that.</param>
/// <param name="Findings">What does not hold; empty if all is well.</param>
internal sealed record SoakReport(
    string Device, int Users, double Seconds, int Seed, int Finished, int Cancelled, long PromptTokens, long CachedTokens, long OutputTokens, long Preemptions, long Images, long CachedImages,
    long LongestWaitTokens, long PatienceTokens, MemorySpan Process, MemorySpan? Gpu, int Replayed, int ReplayedSame, bool SameIsPromised, IReadOnlyList<string> Findings);
