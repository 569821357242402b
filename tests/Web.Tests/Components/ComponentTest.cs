using System.Globalization;
using EduVision.Shared;
using EduVision.Web.Tests.Fakes;
using EduVision.Web.Tests.Uploads;
using EduVision.Web.Uploads;
using Microsoft.Extensions.DependencyInjection;
using TestContext = Xunit.TestContext;

namespace EduVision.Web.Tests.Components;

/// <summary>Components in English over a real application whose inference service is a fake.</summary>
public abstract class ComponentTest : IAsyncLifetime
{
    /// <summary>How long to wait for what must come.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly CultureInfo before = CultureInfo.CurrentUICulture;

    /// <summary>The application behind the components.</summary>
    protected WebApp App { get; private set; } = default!;

    /// <summary>Where they are rendered.</summary>
    protected PageContext Page { get; private set; } = default!;

    /// <inheritdoc />
    public async ValueTask InitializeAsync()
    {
        CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo("en");
        App = await WebApp.StartAsync();
        Page = new PageContext(App);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        CultureInfo.CurrentUICulture = before;
        await Page.DisposeAsync();
        await App.DisposeAsync();
    }

    /// <summary>Answers at once.</summary>
    protected static void Quick(FakeRequest request)
    {
        request.Begin();
        request.Answer("42");
        request.End();
    }

    /// <summary>A stored photo.</summary>
    protected async Task<StoredPhoto> PhotoAsync() =>
        await Page.Services.GetRequiredService<PhotoStore>().TakeAsync(new MemoryStream(Pictures.Jpeg()), TestContext.Current.CancellationToken);

    /// <summary>Asks; the test writes the answer.</summary>
    protected async Task<(Guid Id, FakeRequest Request)> AskAsync()
    {
        var asked = new TaskCompletionSource<FakeRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        App.Fake.OnAsk = asked.SetResult;
        var id = await App.Book.AskAsync(QuestionTask.Solve, "en", "", []);
        return (id, await asked.Task.WaitAsync(Patience));
    }
}
