namespace Adaptation.Runner;

/// <summary>Waits for answers: the thread between a byte's arrival and its stamp does nothing else.</summary>
internal static class TextReceiver
{
    private const int TickMilliseconds = 10; // how late a request's limit may be noticed
    private const long Tick = TickMilliseconds * 1_000_000L;

    /// <summary>Returns once all requests have ended.</summary>
    public static void Run(TextLoadRun run)
    {
        var clock = new ReceiveClock(Monotonic.RealtimeOffset);
        var looked = Monotonic.Now;
        Monotonic.SharpenThisThread();
        while (!run.IsOver)
        {
            var count = run.Epoll.Wait(TickMilliseconds);
            var now = Monotonic.Now;
            clock.Refresh(now);
            for (var index = 0; index < count; index++)
            {
                var (slot, events) = run.Epoll[index];
                if (slot >= 0 && run.Connections.All[slot] is { } connection)
                    Serve(run, connection, events, clock);
            }

            if (now - looked < Tick)
                continue;
            looked = now;
            run.Expire(now);
        }
    }

    private static void Serve(TextLoadRun run, TextConnection connection, uint events, ReceiveClock clock)
    {
        lock (connection.Gate)
        {
            connection.Serve(events, clock);
            run.CountChunk();
            if (connection.Current is { IsOver: true })
                run.Complete(connection);
        }
    }
}

/// <summary>Makes requests due on time, whatever the server does.</summary>
internal static class TextSchedule
{
    public static void Run(TextLoadRun run, Arrivals arrivals)
    {
        Monotonic.SharpenThisThread();
        try
        {
            if (arrivals is Arrivals.Scheduled(var schedule))
            {
                foreach (var due in schedule)
                {
                    if (!Dispatch(run, run.Started + due))
                        return;
                }
            }
            else if (arrivals is Arrivals.Concurrent(_, _, var rampUp))
            {
                for (var stream = 0; stream < run.Streams; stream++)
                {
                    if (!Dispatch(run, run.Started + TextLoadRun.Nanoseconds(rampUp) / run.Streams * stream))
                        return;
                }
            }
        }
        finally
        {
            run.EndFeeding();
        }
    }

    private static bool Dispatch(TextLoadRun run, long due)
    {
        if (!Monotonic.WaitUntil(due, () => run.IsCancelled || run.BrokenOff is not null))
            return false;
        run.Dispatch(due);
        return true;
    }
}
