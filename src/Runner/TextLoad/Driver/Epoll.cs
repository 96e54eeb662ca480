using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Runner;

/// <summary>Waits for many sockets at once: epoll(7), level-triggered, with a bell that another thread can ring and an alarm by timerfd(2).</summary>
/// <remarks>One thread waits and sets the alarm; adding, changing and ringing are safe from any.</remarks>
internal sealed unsafe partial class Epoll : IDisposable
{
    public const uint Readable = 0x1, Writable = 0x4, PeerClosed = 0x2000;
    private const int Most = 256;
    private const int Add = 1, Change = 3;
    private const uint EdgeTriggered = 0x8000_0000;
    private const ulong BellId = ulong.MaxValue, AlarmId = ulong.MaxValue - 1;

    // struct epoll_event is packed on x86-64 and on no other architecture: epoll_ctl(2)
    private static readonly int IdAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int Stride = IdAt + sizeof(ulong);
    private readonly byte[] _events = GC.AllocateArray<byte>(Most * 16, pinned: true);
    private readonly SafeFileHandle _handle;
    private readonly SafeFileHandle _bell;
    private readonly SafeFileHandle _alarm;
    private long _alarmAt;

    /// <exception cref="BrokenEnvironmentException">The kernel gives no more file handles.</exception>
    public Epoll()
    {
        _handle = Opened(Create(0));
        _bell = Opened(CreateEvent(0, 0x800)); // EFD_NONBLOCK
        Set(_bell, Add, Readable, BellId);
        _alarm = Opened(CreateTimer(1, 0x800)); // CLOCK_MONOTONIC, TFD_NONBLOCK
        Set(_alarm, Add, Readable | EdgeTriggered, AlarmId); // so that it need not be read
    }

    public void Watch(SafeHandle socket, int id) => Set(socket, Add, Readable | PeerClosed, (ulong)id);

    /// <summary>Says whether room for sending matters too.</summary>
    public void Watch(SafeHandle socket, int id, bool forWriting) =>
        Set(socket, Change, Readable | PeerClosed | (forWriting ? Writable : 0), (ulong)id);

    /// <summary>Ends a wait, this one or the next.</summary>
    public void Ring()
    {
        var one = 1UL;
        _ = Write(_bell, &one, sizeof(ulong)); // can only fail if it rings already
    }

    /// <summary>Ends a wait at that time, to the microsecond; epoll_wait(2) itself knows milliseconds only.</summary>
    /// <param name="instant">Monotonic nanoseconds, above 0.</param>
    public void WakeAt(long instant)
    {
        if (instant == _alarmAt)
            return;
        _alarmAt = instant;
        var setting = stackalloc long[4] { 0, 0, instant / 1_000_000_000, instant % 1_000_000_000 };
        _ = SetTimer(_alarm, 1, setting, null); // TFD_TIMER_ABSTIME
    }

    /// <returns>How many events there are; up to 256.</returns>
    public int Wait(int milliseconds)
    {
        fixed (byte* events = _events)
        {
            var count = Wait(_handle, events, Most, milliseconds);
            return Math.Max(count, 0); // an interrupted wait brought nothing
        }
    }

    /// <returns>The socket's number and what happened to it; -1 for the alarm and the bell, which is silent again then.</returns>
    public (int Id, uint Events) this[int index]
    {
        get
        {
            var entry = _events.AsSpan(index * Stride, Stride);
            var id = BinaryPrimitives.ReadUInt64LittleEndian(entry[IdAt..]);
            if (id == AlarmId)
                return (-1, 0);
            if (id != BellId)
                return ((int)id, BinaryPrimitives.ReadUInt32LittleEndian(entry));
            ulong rung;
            _ = Read(_bell, &rung, sizeof(ulong));
            return (-1, 0);
        }
    }

    public void Dispose()
    {
        _alarm.Dispose();
        _bell.Dispose();
        _handle.Dispose();
    }

    private void Set(SafeHandle file, int operation, uint events, ulong id)
    {
        Span<byte> entry = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, events);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[IdAt..], id);
        fixed (byte* first = entry)
        {
            if (Control(_handle, operation, file, first) != 0)
                throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    private static SafeFileHandle Opened(int descriptor) => descriptor >= 0
        ? new(descriptor, ownsHandle: true)
        : throw new BrokenEnvironmentException(
            $"No file handle for waiting on sockets: {Marshal.GetLastPInvokeErrorMessage()}. Raise the limit (ulimit -n) or close what is open.");

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(SafeHandle epoll, int operation, SafeHandle file, byte* entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int Wait(SafeHandle epoll, byte* events, int most, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int CreateEvent(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    private static partial int CreateTimer(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime")]
    private static partial int SetTimer(SafeHandle timer, int flags, long* setting, long* before);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(SafeHandle file, void* bytes, nint count);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(SafeHandle file, void* bytes, nint count);
}
