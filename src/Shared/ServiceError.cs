namespace EduVision.Shared;

/// <summary>The JSON body of every HTTP refusal of the service.</summary>
/// <param name="Code">One of <see cref="FailureCode"/>.</param>
/// <param name="Message">A plain English sentence that says what to do.</param>
/// <param name="Parameters">Values for a translated sentence.</param>
public sealed record ServiceError(string Code, string Message, IReadOnlyDictionary<string, string>? Parameters = null);
