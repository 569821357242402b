using EduVision.Browser.Tests.Benchmarks;
using EduVision.Browser.Tests.Models;

namespace EduVision.Browser.Tests;

/// <summary>With the bundled, trained model: what it says is right.</summary>
public sealed class TrainedApp : RunningApp
{
    /// <inheritdoc />
    protected override string? ModelFolder => Places.TrainedModel;

    /// <inheritdoc />
    protected override string Without => "There is no models/nano here.";
}

/// <summary>With a model of random weights that knows no end: what it says is nonsense, and goes on until somebody stops it.</summary>
public sealed class TalkativeApp : RunningApp
{
    /// <inheritdoc />
    protected override string? ModelFolder { get; } = TalkativeModel.Make();

    /// <inheritdoc />
    protected override string Without => "There is no tests/Model.Tests/Fixtures/tiny-fp8 here.";

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (ModelFolder is not null) Directory.Delete(ModelFolder, recursive: true);
    }
}

/// <summary>With a model that knows one text by heart: what it says is known to the last character.</summary>
/// <param name="folder">The model's folder, deleted at the end; null skips the tests.</param>
public class RecitingApp(string? folder) : RunningApp
{
    /// <inheritdoc />
    protected override string? ModelFolder => folder;

    /// <inheritdoc />
    protected override string Without => "There is no tests/Model.Tests/Fixtures/tiny-fp8 here.";

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await base.DisposeAsync();
        if (folder is not null) Directory.Delete(folder, recursive: true);
    }
}

/// <summary>With a model that attacks the page first, and then goes on for long with what is hard to show.</summary>
public sealed class HostileApp() : RecitingApp(Places.RandomModel is { } source ? RecitingModel.Make(source, LongAnswer.Reasoning, $"{Attack}\n\n{LongAnswer.Text(2)}\n\n{Unclosed}").Folder : null)
{
    // The last formula is never closed.
    private const string Unclosed = "And so \\(x = \\frac{1}{2";

    private const string Attack =
        """
        <img src="x" onerror="window.hacked = 1"> <script>window.hacked = 2</script> <svg/onload=window.hacked=3>

        [a link](javascript:window.hacked=4) and ![a picture](http://192.0.2.1/track.png)

        Formulas: \(\href{javascript:window.hacked=5}{x}\), \(\htmlData{a=b}{y}\), $</span><img src=x onerror=window.hacked=6>_z$

        <style>body { display: none }</style>
        """;
}
