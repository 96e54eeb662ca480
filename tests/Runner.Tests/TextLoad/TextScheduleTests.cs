using static Adaptation.Runner.Tests.GivenText;

namespace Adaptation.Runner.Tests;

/// <summary>The schedule of a load by itself, and the alarm that wakes its thread.</summary>
public sealed class TextScheduleTests
{
    private const long Millisecond = 1_000_000;
    private const long Hour = 3_600_000 * Millisecond;

    [Fact]
    public void A_schedule_that_is_behind_sends_no_more_than_it_may_at_once()
    {
        using var run = Begun([0, 0, 0, 0, 0], out var schedule);

        schedule.SendDue(2);
        var first = run.Progress().Due;
        schedule.SendDue(16);

        Assert.Equal((2, 5), (first, run.Progress().Due));
        Assert.Equal(long.MaxValue, schedule.Next);
    }

    [Fact]
    public void Nothing_is_sent_before_it_is_due()
    {
        using var run = Begun([0, Hour], out var schedule);

        schedule.SendDue(16);

        Assert.Equal(1, run.Progress().Due);
        Assert.Equal(run.Started + Hour, schedule.Next);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_load_that_is_cancelled_or_broken_off_makes_nothing_due_any_more(bool isCancelled)
    {
        using var run = Begun([0, 0], out var schedule);
        if (isCancelled)
            run.Cancel();
        else
            run.BreakOff("enough");

        schedule.SendDue(16);

        Assert.Equal((0, long.MaxValue), (run.Progress().Due, schedule.Next));
        Assert.True(run.IsOver);
    }

    [Fact]
    public void An_alarm_ends_a_wait_once_and_not_before_its_time()
    {
        using var epoll = new Epoll();
        var at = Monotonic.Now + 5 * Millisecond;
        epoll.WakeAt(at);

        var count = epoll.Wait(60_000);

        Assert.True(Monotonic.Now >= at);
        Assert.Equal((1, -1), (count, epoll[0].Id));
        Assert.Equal(0, epoll.Wait(0));
    }

    [Fact]
    public void A_new_alarm_takes_the_place_of_the_one_before()
    {
        using var epoll = new Epoll();
        epoll.WakeAt(Monotonic.Now + Hour);
        epoll.WakeAt(Monotonic.Now + Millisecond);

        Assert.Equal(1, epoll.Wait(60_000));
    }

    private static TextLoadRun Begun(long[] due, out TextSchedule schedule)
    {
        var spec = Spec(new Transport.UnixSocket("/nowhere"), due.Length) with { Arrivals = new Arrivals.Scheduled([.. due]) };
        var run = new TextLoadRun(spec, new byte[due.Length][]);
        run.Begin();
        schedule = new(run, spec.Arrivals);
        schedule.Begin();
        return run;
    }
}
