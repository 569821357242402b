using EduVision.Inference.Requests;
using EduVision.Shared;

namespace EduVision.Inference.Tests.Requests;

public sealed class EventLogTests
{
    private static Completed End(long number) => new(number, new Usage(0, 0, 0, 0), FinishReason.Stop, new Timings(0, 0, 0, 0, 0));

    private static async Task<List<AnswerEvent>> ReadAsync(EventLog log, long after)
    {
        List<AnswerEvent> events = [];
        await foreach (var item in log.ReadAsync(after, TestContext.Current.CancellationToken)) events.Add(item);
        return events;
    }

    [Fact]
    public async Task Many_readers_from_any_number_see_every_later_event_once_while_it_is_written()
    {
        var log = new EventLog();
        var readers = Enumerable.Range(0, 8).Select(i => Task.Run(() => ReadAsync(log, i * 50))).ToList();
        for (var i = 0; i < 500; i++) log.Append(number => new Answer(number, $"{number}"));
        log.Append(End);
        foreach (var (after, reader) in readers.Index())
            Assert.Equal(Enumerable.Range((after * 50) + 1, 501 - (after * 50)).Select(number => (long)number), (await reader).Select(item => item.Sequence));
    }

    [Fact]
    public async Task Nothing_follows_the_last_event()
    {
        var log = new EventLog();
        log.Append(number => new Started(number));
        log.Append(End);
        Assert.Throws<InvalidOperationException>(() => log.Append(number => new Started(number)));
        Assert.Empty(await ReadAsync(log, 2));
        Assert.Empty(await ReadAsync(log, 99));
    }

    [Fact]
    public async Task A_reader_that_leaves_ends_and_disturbs_nobody()
    {
        var log = new EventLog();
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        async Task ReadAndLeaveAsync()
        {
            await foreach (var _ in log.ReadAsync(0, leave.Token)) await leave.CancelAsync();
        }

        var reader = ReadAndLeaveAsync();
        log.Append(number => new Started(number));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader);
        log.Append(End);
        Assert.Equal(2, (await ReadAsync(log, 0)).Count);
    }
}
