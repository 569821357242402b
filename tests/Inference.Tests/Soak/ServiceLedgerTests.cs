using EduVision.Inference.Soak;

namespace EduVision.Inference.Tests.Soak;

public sealed class ServiceLedgerTests
{
    [Fact]
    public void Who_waits_while_others_are_served_more_than_a_turn_starves()
    {
        var ledger = new ServiceLedger();
        ledger.Asked("quick");
        ledger.Served("quick", 50);
        ledger.Asked("patient");
        ledger.Served("quick", 100);
        Assert.Empty(ledger.Starving(100));
        ledger.Served("quick", 1);
        Assert.Equal(["patient"], ledger.Starving(100));
        ledger.Served("patient", 1);
        Assert.Empty(ledger.Starving(100));
        Assert.Equal(101, ledger.LongestWait);
    }

    [Fact]
    public void Who_has_asked_nothing_or_has_all_answers_does_not_starve()
    {
        var ledger = new ServiceLedger();
        ledger.Asked("done");
        ledger.Ended("done");
        ledger.Asked("quick");
        ledger.Served("quick", 1000);
        Assert.Empty(ledger.Starving(10));
        ledger.Asked("done");
        Assert.Empty(ledger.Starving(10));
        // One answer of two does not help with the other.
        ledger.Asked("done");
        ledger.Ended("done");
        ledger.Served("quick", 11);
        Assert.Equal(["done"], ledger.Starving(10));
    }

    [Fact]
    public void Nothing_stalls_while_nobody_waits()
    {
        var ledger = new ServiceLedger();
        Assert.Equal(TimeSpan.Zero, ledger.Stalled);
        ledger.Asked("one");
        Assert.NotEqual(TimeSpan.Zero, ledger.Stalled);
        ledger.Ended("one");
        Assert.Equal(TimeSpan.Zero, ledger.Stalled);
    }
}
