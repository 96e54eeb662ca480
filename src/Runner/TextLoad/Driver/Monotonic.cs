using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>The one clock of a text load: CLOCK_MONOTONIC, in nanoseconds, and how to wait on it to within microseconds.</summary>
/// <remarks>Not a <see cref="TimeProvider"/>: the kernel stamps receives and wakes threads by its own clock, which no test can turn.</remarks>
internal static unsafe partial class Monotonic
{
    private const int Clock = 1, Absolute = 1, Realtime = 0;
    private const int SetTimerSlack = 29; // PR_SET_TIMERSLACK
    private const ulong ShortestSlice = 100_000; // ns
    private const int Brackets = 5;

    /// <summary>Nanoseconds. On Linux the runtime's timestamp is CLOCK_MONOTONIC in this very unit.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Lets this thread wake when it asked to and not up to 50 µs later, and run then: prctl(2), sched_setattr(2).</summary>
    /// <remarks>
    /// A thread of the same core that compiles or collects runs on for some 3 ms otherwise. From Linux 6.12 on, one that asks for shorter slices takes the
    /// core from it, at no greater share; older kernels ignore that. No right is needed for either, and nothing is lost where they are refused.
    /// </remarks>
    public static void SharpenThisThread()
    {
        _ = Control(SetTimerSlack, 1, 0, 0, 0);
        var (get, set) = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => (315, 314),
            Architecture.Arm64 => (275, 274),
            _ => (0, 0),
        };
        SchedulingAttributes attributes = default;
        var size = (nuint)sizeof(SchedulingAttributes);
        if (get == 0 || Call(get, 0, &attributes, size, 0) != 0 || attributes.Policy != 0) // another policy than the usual one is somebody's choice
            return;
        attributes.Runtime = ShortestSlice;
        _ = Call(set, 0, &attributes, 0, 0);
    }

    /// <summary>Returns at once where that is past; wakes up some 50 µs late, or early for a signal.</summary>
    public static void SleepUntil(long instant)
    {
        if (instant <= Now)
            return;
        var time = new TimeSpec(instant / 1_000_000_000, instant % 1_000_000_000);
        _ = Sleep(Clock, Absolute, &time, null);
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

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, nint thread, SchedulingAttributes* attributes, nuint third, nuint fourth);

    /// <summary>struct sched_attr, version 0.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SchedulingAttributes
    {
        public uint Size;
        public uint Policy;
        public ulong Flags;
        public int Nice;
        public uint Priority;
        public ulong Runtime;
        public ulong Deadline;
        public ulong Period;
    }

    [StructLayout(LayoutKind.Sequential)]
    private record struct TimeSpec(long Seconds, long Nanoseconds);
}
