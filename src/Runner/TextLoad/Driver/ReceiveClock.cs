namespace Adaptation.Runner;

/// <summary>When bytes arrived.</summary>
/// <param name="At">Nanoseconds on the monotonic clock.</param>
/// <param name="IsExact">False where it is only an upper bound.</param>
internal readonly record struct Stamp(long At, bool IsExact);

/// <summary>Puts the kernel's receive stamps, which are wall-clock time, on the monotonic clock.</summary>
/// <remarks>The distance of the two is read again every millisecond. A step of the wall clock makes stamps of that moment worthless: they are not used.</remarks>
/// <param name="offset">Reads how many nanoseconds wall-clock time is ahead.</param>
internal sealed class ReceiveClock(Func<long> offset)
{
    private const long Between = 1_000_000;
    private const long Jitter = 100_000; // a reading that was interrupted
    private const long SlewShare = 1_000; // adjtime(3) slews by at most 1 in 2,000
    private const long Distrust = 50_000_000; // bytes stamped before a step may wait in a socket this long
    private const long Oldest = 10_000_000_000;
    private long _offset;
    private long _read = long.MinValue;
    private long _distrustedUntil = long.MinValue;

    /// <summary>Steps of the wall clock that were seen.</summary>
    public int Steps { get; private set; }

    public void Refresh(long now)
    {
        if (_read != long.MinValue && now - _read < Between)
            return;
        var read = offset();
        if (_read != long.MinValue && Math.Abs(read - _offset) > Jitter + (now - _read) / SlewShare)
        {
            Steps++;
            _distrustedUntil = now + Distrust;
        }

        (_offset, _read) = (read, now);
    }

    /// <param name="wall">Wall-clock nanoseconds, from the kernel.</param>
    /// <param name="now">When the read returned.</param>
    public Stamp Map(long wall, long now)
    {
        var at = wall - _offset;
        return now < _distrustedUntil || at > now + Jitter || now - at > Oldest
            ? new(now, IsExact: false)
            : new(Math.Min(at, now), IsExact: true);
    }
}
