using System.ComponentModel.DataAnnotations;

namespace EduVision.Web.Supervision;

/// <summary>Which inference service is used, and how one is started: section <c>Inference</c>.</summary>
public sealed class SupervisionOptions : IValidatableObject
{
    /// <summary>A service that somebody else runs; null to start one as a child process.</summary>
    public Uri? Url { get; init; }

    /// <summary>The key of the service at <see cref="Url"/>; a child gets a fresh random one each time.</summary>
    public string? Key { get; init; }

    /// <summary>The service's assembly. A build names the one it built; a publish puts it into this folder.</summary>
    public string Assembly { get; init; } = Path.Combine(AppContext.BaseDirectory, "inference", "EduVision.Inference.dll");

    /// <summary>The model's folder.</summary>
    public string Model { get; init; } = Path.Combine(AppContext.BaseDirectory, "models", "nano");

    /// <summary>More arguments for the child, such as <c>--device cpu</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>How long a child may take to load its model before it is taken for stuck.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The pause before a dead child is started again; doubles with each quick death.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest such pause. A child that lived longer than this starts over at <see cref="FirstPause"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Url is not null)
        {
            if (!Url.IsAbsoluteUri || Url.Scheme is not ("http" or "https"))
                yield return new ValidationResult($"Inference:Url is '{Url}'; it must be an address such as http://127.0.0.1:5090.", [nameof(Url)]);
            yield break;
        }
        if (!File.Exists(Assembly))
            yield return new ValidationResult($"There is no inference service at {Assembly}. Set Inference:Assembly to EduVision.Inference.dll, or Inference:Url to a service that runs.", [nameof(Assembly)]);
        if (!Directory.Exists(Model))
            yield return new ValidationResult($"There is no model folder at {Model}. Set Inference:Model to one.", [nameof(Model)]);
    }
}
