namespace EduVision.Shared;

/// <summary>The state of the inference service: <c>GET /status</c>.</summary>
/// <param name="Model">The model's name, for people.</param>
/// <param name="ModelHash">First 12 hex digits of the SHA-256 over the model's weight files; empty while they are being read.</param>
/// <param name="Device">The device it runs on, for people, such as <c>CPU (2 threads)</c> or <c>NVIDIA H200</c>.</param>
/// <param name="Ready">True when requests are served.</param>
/// <param name="Waiting">Requests in the queue.</param>
/// <param name="Running">Requests being decoded.</param>
/// <param name="QueueLimit">Most requests that may wait.</param>
/// <param name="EtaSeconds">Expected wait until the first token for a request sent now; null while nothing was measured yet.</param>
/// <param name="TokensPerSecond">Output tokens a second over the last measured seconds, all requests together.</param>
/// <param name="KvBlocksUsed">KV cache blocks in use.</param>
/// <param name="KvBlocksTotal">KV cache blocks there are.</param>
/// <param name="Limits">What one request may hold.</param>
/// <param name="Memory">The device's memory; null where it is not measured, as on a CPU.</param>
public sealed record ServiceStatus(
    string Model,
    string ModelHash,
    string Device,
    bool Ready,
    int Waiting,
    int Running,
    int QueueLimit,
    double? EtaSeconds,
    double TokensPerSecond,
    int KvBlocksUsed,
    int KvBlocksTotal,
    ServiceLimits Limits,
    MemoryStatus? Memory = null);

/// <summary>The memory of a GPU, as far as the service takes it, in bytes.</summary>
/// <param name="BudgetBytes">What it may take; null where nothing was planned.</param>
/// <param name="PlannedBytes">The sum of what was planned.</param>
/// <param name="UsedBytes">What it was found to take when somebody last looked.</param>
/// <param name="PeakBytes">The most that was found.</param>
public sealed record MemoryStatus(long? BudgetBytes, long? PlannedBytes, long UsedBytes, long PeakBytes);

/// <summary>Bounds of one request, so that a page can refuse early and say why.</summary>
public sealed record ServiceLimits(int ImagesPerRequest, long ImageBytes, long ImagePixels, int ContextTokens, int OutputTokens);
