namespace Adaptation.Runner;

/// <summary>Which request becomes due when, whatever the server does. Not safe for concurrent use.</summary>
internal sealed class TextSchedule(TextLoadRun run, Arrivals arrivals)
{
    private readonly int _count = arrivals is Arrivals.Scheduled(var due) ? due.Length : run.Streams;
    private int _made;

    /// <summary>When the next one is due, in monotonic nanoseconds; <see cref="long.MaxValue"/> for never.</summary>
    public long Next { get; private set; } = long.MaxValue;

    /// <summary>Starts with the first one. The load has begun.</summary>
    public void Begin() => Plan();

    /// <summary>Makes due, and sends, what the clock has reached.</summary>
    /// <param name="most">How many, so that a schedule that is behind lets others have a turn.</param>
    public void SendDue(int most)
    {
        for (var sent = 0; sent < most && Next != long.MaxValue; sent++)
        {
            if (run.IsCancelled || run.BrokenOff is not null)
            {
                _made = _count;
                Plan();
            }
            else if (Next <= Monotonic.Now)
            {
                run.Dispatch(Next);
                _made++;
                Plan();
            }
            else
            {
                return;
            }
        }
    }

    private void Plan()
    {
        Next = _made < _count ? run.Started + Due(_made) : long.MaxValue;
        if (Next == long.MaxValue)
            run.EndFeeding();
    }

    private long Due(int number) => arrivals switch
    {
        Arrivals.Scheduled(var schedule) => schedule[number],
        Arrivals.Concurrent(_, _, var rampUp) => TextLoadRun.Nanoseconds(rampUp) / run.Streams * number,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
