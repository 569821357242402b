namespace EduVision.Shared;

/// <summary>The service refused a call, or cannot be reached (<see cref="FailureCode.Unreachable"/>).</summary>
public sealed class InferenceException : Exception
{
    /// <summary>A refusal with its reason.</summary>
    public InferenceException(ServiceError error, Exception? innerException = null)
        : base(error.Message, innerException) => Error = error;

    /// <summary>What was refused and why; <see cref="ServiceError.Code"/> is one of <see cref="FailureCode"/>.</summary>
    public ServiceError Error { get; }

    internal static InferenceException Unreachable(Exception? cause) => new(
        new ServiceError(FailureCode.Unreachable, "The inference service cannot be reached. Check that it runs and that its address is right."), cause);
}
