using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Adapters.Host;

/// <summary>Waits for sockets or an instant, whichever comes first: epoll(7) with a timerfd(2), and a short spin at the end. One thread's.</summary>
internal sealed unsafe partial class PaceWaiter : IDisposable
{
    public const uint Readable = 0x1, Writable = 0x4;
    private const int Most = 256;
    private const long Spin = 60_000; // ns; a wake-up takes about that long
    private const int LongestWait = 100; // ms, so that whoever asks the server to end is heard
    private const ulong TimerId = ulong.MaxValue;
    private static readonly int IdAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8; // packed there and nowhere else
    private static readonly int Stride = IdAt + sizeof(ulong);
    private readonly byte[] _events = GC.AllocateArray<byte>(Most * 16, pinned: true);
    private readonly SafeFileHandle _epoll = Opened(Create(0));
    private readonly SafeFileHandle _timer = Opened(CreateTimer(1, 0x800)); // CLOCK_MONOTONIC, TFD_NONBLOCK
    private long _armed;

    public PaceWaiter() => Set(1, _timer, Readable | 0x8000_0000, TimerId); // edge-triggered: it need not be read

    /// <summary>Nanoseconds of CLOCK_MONOTONIC.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    public void Watch(SafeHandle socket, int id) => Set(1, socket, Readable, (ulong)id);

    public void Watch(SafeHandle socket, int id, bool forWriting) => Set(3, socket, Readable | (forWriting ? Writable : 0), (ulong)id);

    /// <param name="instant">When to return at the latest: nanoseconds, or <see cref="long.MaxValue"/>.</param>
    /// <returns>How many events there are.</returns>
    public int Wait(long instant)
    {
        var isNear = instant - Now <= Spin;
        if (!isNear && instant != long.MaxValue && instant - Spin != _armed)
        {
            _armed = instant - Spin;
            var setting = stackalloc long[4] { 0, 0, _armed / 1_000_000_000, _armed % 1_000_000_000 };
            _ = SetTimer(_timer, 1, setting, null); // absolute
        }

        fixed (byte* events = _events)
            return Math.Max(0, Wait(_epoll, events, Most, isNear ? 0 : LongestWait));
    }

    /// <returns>The socket's number, or -1 for the timer.</returns>
    public (int Id, uint Events) this[int index]
    {
        get
        {
            var entry = _events.AsSpan(index * Stride, Stride);
            var id = BinaryPrimitives.ReadUInt64LittleEndian(entry[IdAt..]);
            return id == TimerId ? (-1, 0) : ((int)id, BinaryPrimitives.ReadUInt32LittleEndian(entry));
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _epoll.Dispose();
    }

    private void Set(int operation, SafeHandle file, uint events, ulong id)
    {
        var entry = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(new(entry, 4), events);
        BinaryPrimitives.WriteUInt64LittleEndian(new(entry + IdAt, 8), id);
        if (Control(_epoll, operation, file, entry) != 0)
            throw new AdapterException($"epoll_ctl failed: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    private static SafeFileHandle Opened(int descriptor) => descriptor >= 0
        ? new(descriptor, ownsHandle: true)
        : throw new AdapterException($"No file handle: {Marshal.GetLastPInvokeErrorMessage()}. Raise the limit (ulimit -n).");

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(SafeHandle epoll, int operation, SafeHandle file, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait")]
    private static partial int Wait(SafeHandle epoll, byte* events, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    private static partial int CreateTimer(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime")]
    private static partial int SetTimer(SafeHandle timer, int flags, long* setting, long* before);
}
