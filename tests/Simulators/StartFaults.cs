using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Adaptation.Simulators;

/// <summary>What goes wrong before the first answer.</summary>
internal static class StartFaults
{
    /// <summary>The argument by which the simulator starts itself as a process that nobody asked for.</summary>
    public const string Linger = "--linger";

    public static async Task CommitAsync(Faults faults)
    {
        if (faults.Resolve is { } name)
            await ResolveAsync(name);
        if (faults.LeaveBehind)
            LeaveBehind(faults.Listen);
        if (faults.LogFlood > 0)
            FloodLog(faults.LogFlood);
        if (faults.MemoryFlood)
            FloodMemory();
        await Task.Delay(faults.StartDelay, TimeProvider.System, CancellationToken.None);
        if (faults.NeverReady)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
    }

    /// <summary>Stays, deaf to every polite request, for as long as it is let.</summary>
    public static async Task<int> LingerAsync()
    {
        using var deaf = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = true);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        return 0;
    }

    private static async Task ResolveAsync(string name)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(name);
            Console.WriteLine($"adaptation-simulator: {name} is {string.Join(", ", addresses.Select(address => address.ToString()))}");
        }
        catch (SocketException unresolved)
        {
            Console.WriteLine($"adaptation-simulator: {name} is not resolved: {unresolved.Message}");
        }
    }

    /// <summary>Files that their owner may not even list, beside the socket, and a process that does not want to end.</summary>
    private static void LeaveBehind(string listen)
    {
        using var lingering = Process.Start(Environment.ProcessPath!, [Linger]);
        var folder = Path.Combine(Path.GetDirectoryName(listen["unix:".Length..])!, "left-behind");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "file"), "left behind");
        File.SetUnixFileMode(folder, UnixFileMode.None);
    }

    private static void FloodLog(long bytes)
    {
        var line = new byte[64 << 10];
        Array.Fill(line, (byte)'x');
        for (var end = 127; end < line.Length; end += 128)
            line[end] = (byte)'\n';
        using var output = Console.OpenStandardOutput();
        for (var written = 0L; written < bytes; written += line.Length)
            output.Write(line);
    }

    /// <summary>Outside the garbage collector's heap, which would give up on its own before the container's limit is reached.</summary>
    private static unsafe void FloodMemory()
    {
        const int Block = 16 << 20;
        while (true)
            new Span<byte>(NativeMemory.Alloc(Block), Block).Fill(1);
    }
}
