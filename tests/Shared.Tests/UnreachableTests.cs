using System.Net;
using System.Net.Sockets;

namespace EduVision.Shared.Tests;

public sealed class UnreachableTests
{
    private static readonly InferenceClientOptions Impatient = new() { GiveUpAfter = TimeSpan.Zero };

    // A port that was free a moment ago: nobody answers there.
    private static InferenceEndpoint Nobody()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new InferenceEndpoint(new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
    }

    [Fact]
    public async Task A_stream_without_a_service_ends_with_unreachable_behind_the_last_number()
    {
        await using var client = new InferenceClient(Nobody(), Impatient);
        var events = new List<AnswerEvent>();
        await foreach (var item in client.ResumeAsync(Guid.NewGuid(), 41, TestContext.Current.CancellationToken)) events.Add(item);
        var failed = Assert.IsType<Failed>(Assert.Single(events));
        Assert.Equal((41, FailureCode.Unreachable), (failed.Sequence, failed.Code));
    }

    [Fact]
    public async Task Calls_without_a_service_say_that_it_is_unreachable()
    {
        await using var client = new InferenceClient(Nobody(), Impatient);
        var token = TestContext.Current.CancellationToken;
        Assert.False(await client.IsReadyAsync(token));
        foreach (var call in new Func<Task>[]
        {
            () => client.StatusAsync(token), () => client.CancelAsync(Guid.NewGuid(), token),
            () => client.EnsureImageAsync(new string('a', 64), _ => throw new InvalidOperationException("not needed"), token),
        })
        {
            Assert.Equal(FailureCode.Unreachable, (await Assert.ThrowsAsync<InferenceException>(call)).Error.Code);
        }
    }

    [Fact]
    public async Task A_service_without_an_address_is_unreachable()
    {
        await using var client = new InferenceClient(() => null, Impatient);
        Assert.False(await client.IsReadyAsync(TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<InferenceException>(() => client.StatusAsync(TestContext.Current.CancellationToken));
    }
}
