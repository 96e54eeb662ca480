using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>The one clock of a text load: CLOCK_MONOTONIC, in nanoseconds, and how to wait on it to within microseconds.</summary>
/// <remarks>Not a <see cref="TimeProvider"/>: the kernel stamps receives and wakes threads by its own clock, which no test can turn.</remarks>
internal static unsafe partial class Monotonic
{
    private const int Clock = 1, Absolute = 1, Realtime = 0;
    private const int SetTimerSlack = 29; // PR_SET_TIMERSLACK
    private const long Spin = 60_000; // ns; the wake-up of a sleeping thread takes about that long
    private const long LongestSleep = 50_000_000;
    private const int Brackets = 5;

    /// <summary>Nanoseconds. On Linux the runtime's timestamp is CLOCK_MONOTONIC in this very unit.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Lets this thread wake when it asked to and not up to 50 µs later: prctl(2).</summary>
    public static void SharpenThisThread() => _ = Control(SetTimerSlack, 1, 0, 0, 0);

    /// <returns>False if <paramref name="isStopped"/> became true first; that is looked at every 50 ms.</returns>
    public static bool WaitUntil(long instant, Func<bool> isStopped)
    {
        while (true)
        {
            var left = instant - Now;
            if (left <= 0)
                return true;
            if (left <= Spin)
            {
                Thread.SpinWait(10);
                continue;
            }

            if (isStopped())
                return false;
            var until = Now + Math.Min(left - Spin, LongestSleep);
            var time = new TimeSpec(until / 1_000_000_000, until % 1_000_000_000);
            _ = Sleep(Clock, Absolute, &time, null); // a signal that ends it early only means another round
        }
    }

    /// <returns>Nanoseconds that wall-clock time is ahead of this clock: the tightest of a few readings.</returns>
    public static long RealtimeOffset()
    {
        var (tightest, offset) = (long.MaxValue, 0L);
        for (var attempt = 0; attempt < Brackets; attempt++)
        {
            TimeSpec wall;
            var before = Now;
            _ = Get(Realtime, &wall);
            var after = Now;
            if (after - before >= tightest)
                continue;
            tightest = after - before;
            offset = wall.Seconds * 1_000_000_000 + wall.Nanoseconds - (before + (after - before) / 2);
        }

        return offset;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int Get(int clock, TimeSpec* time);

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int Sleep(int clock, int flags, TimeSpec* until, TimeSpec* left);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint first, nuint second, nuint third, nuint fourth);

    [StructLayout(LayoutKind.Sequential)]
    private record struct TimeSpec(long Seconds, long Nanoseconds);
}
