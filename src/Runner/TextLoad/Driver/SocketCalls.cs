using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>Non-blocking send and receive, with the kernel's receive stamp: recvmsg(2), sendmsg(2), socket(7).</summary>
internal static unsafe partial class SocketCalls
{
    public const int TryAgain = 11, Interrupted = 4, Reset = 104;
    private const int SocketLevel = 1, StampNanoseconds = 35; // SOL_SOCKET, SO_TIMESTAMPNS
    private const int DoNotWait = 0x40, NoSignal = 0x4000, Peek = 0x2;
    private const int ControlBytes = 64;
    private const int ControlHeader = 16; // length, level, type

    /// <summary>Asks the kernel to stamp what arrives; sockets that cannot (Unix ones) go without.</summary>
    public static void AskForStamps(SafeHandle socket)
    {
        var one = 1;
        _ = SetOption(socket, SocketLevel, StampNanoseconds, &one, sizeof(int));
    }

    /// <param name="wall">Wall-clock nanoseconds at which the last of the bytes arrived; 0 where the kernel does not say.</param>
    /// <returns>Bytes received, 0 at the end of the connection, or the negative error number.</returns>
    public static int Receive(SafeHandle socket, Span<byte> room, out long wall)
    {
        var control = stackalloc byte[ControlBytes];
        fixed (byte* first = room)
        {
            var vector = new Vector { Base = first, Length = room.Length };
            var message = new Message { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlBytes };
            var count = ReceiveMessage(socket, &message, DoNotWait);
            wall = count > 0 && message.ControlLength >= ControlHeader + 16 && *(int*)(control + 12) == StampNanoseconds
                ? *(long*)(control + ControlHeader) * 1_000_000_000 + *(long*)(control + ControlHeader + 8)
                : 0;
            return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
        }
    }

    /// <returns>Bytes waiting to be received (1 stands for any number), 0 if the server closed, or the negative error number.</returns>
    public static int Waiting(SafeHandle socket)
    {
        byte one;
        var vector = new Vector { Base = &one, Length = 1 };
        var message = new Message { Vectors = &vector, VectorCount = 1 };
        var count = ReceiveMessage(socket, &message, DoNotWait | Peek);
        return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
    }

    /// <returns>Bytes taken by the kernel, or the negative error number.</returns>
    public static int Send(SafeHandle socket, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        fixed (byte* head = first)
        {
            fixed (byte* body = second)
            {
                var vectors = stackalloc Vector[2];
                vectors[0] = new() { Base = head, Length = first.Length };
                vectors[1] = new() { Base = body, Length = second.Length };
                var message = new Message { Vectors = vectors, VectorCount = 2 };
                var count = SendMessage(socket, &message, DoNotWait | NoSignal);
                return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(SafeHandle socket, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeHandle socket, Message* message, int flags);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    private static partial int SetOption(SafeHandle socket, int level, int option, void* value, uint length);

    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* Base;
        public nint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public void* Name;
        public nuint NameLength; // 32 bits and padding
        public Vector* Vectors;
        public nint VectorCount;
        public void* Control;
        public nint ControlLength;
        public nint Flags; // 32 bits and padding
    }
}
