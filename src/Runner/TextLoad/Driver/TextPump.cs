namespace Adaptation.Runner;

/// <summary>The one thread of a load: sends what is due, takes in what has arrived, and waits for whichever comes next.</summary>
/// <remarks>
/// One and not two, since a schedule that has to take a core from a receiver gets it milliseconds late wherever cores are scarce. Between two receives
/// it looks at the schedule, so that a send is late by one receive at most.
/// </remarks>
internal sealed class TextPump(TextLoadRun run, TextSchedule schedule, bool mayRest)
{
    private const int TickMilliseconds = 10; // how late a request's limit may be noticed
    private const long Tick = TickMilliseconds * 1_000_000L;
    private const long Spin = 60_000; // ns; the wake-up of a sleeping thread takes about that long
    private const long RestTime = 500_000; // ns; a good deal less than any server takes from token to token
    private const int MostSendsInARow = 16; // a schedule that is behind must not keep answers from being read
    private readonly ReceiveClock _clock = new(Monotonic.RealtimeOffset);
    private long _woke;

    /// <summary>Returns once all requests have ended.</summary>
    public void Run()
    {
        Monotonic.SharpenThisThread();
        var looked = Monotonic.Now;
        while (true)
        {
            schedule.SendDue(MostSendsInARow);
            if (run.IsOver)
                return;
            var count = Wait();
            var now = Monotonic.Now;
            _clock.Refresh(now);
            for (var index = 0; index < count; index++)
            {
                Serve(index);
                schedule.SendDue(1);
            }

            if (now - looked >= Tick)
            {
                looked = now;
                run.Expire(now);
            }

            if (count > 0)
                Rest(now);
        }
    }

    /// <summary>Sleeps until something arrives or a request is nearly due; from then on it only looks.</summary>
    /// <returns>How many events there are.</returns>
    private int Wait()
    {
        var next = schedule.Next;
        if (next == long.MaxValue)
            return run.Epoll.Wait(TickMilliseconds);
        if (next - Monotonic.Now <= Spin)
            return run.Epoll.Wait(0);
        run.Epoll.WakeAt(next - Spin);
        return run.Epoll.Wait(TickMilliseconds);
    }

    /// <summary>Lets arrivals gather while they come thick: waking up for each of 25,000 tokens a second costs more than to read them.</summary>
    /// <remarks>Only where the kernel stamps them, and where no request waits for the end of another: then nothing is measured later for it.</remarks>
    /// <param name="woke">When the events that have been served were seen.</param>
    private void Rest(long woke)
    {
        var isThick = woke - _woke < 2 * RestTime;
        _woke = woke;
        if (mayRest && isThick)
            Monotonic.SleepUntil(Math.Min(woke + RestTime, schedule.Next - Spin));
    }

    private void Serve(int index)
    {
        var (slot, events) = run.Epoll[index];
        if (slot < 0 || run.Connections.All[slot] is not { } connection)
            return;
        lock (connection.Gate)
        {
            connection.Serve(events, _clock);
            run.CountChunk();
            if (connection.IsLeft)
                run.Repeat(connection);
            else if (connection.Current is { IsOver: true })
                run.Complete(connection);
        }
    }
}
