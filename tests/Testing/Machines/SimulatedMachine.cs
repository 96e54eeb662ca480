using System.Globalization;
using System.Runtime.InteropServices;

namespace Adaptation.Testing;

/// <summary>A machine that is not here: a folder with the files, device nodes and tools of another one, for all that reads a machine below a root.</summary>
public sealed class SimulatedMachine : IDisposable
{
    private const UnixFileMode Program = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public string Root { get; } = Directory.CreateTempSubdirectory("adaptation-machine-").FullName;

    public SimulatedMachine File(string path, string text)
    {
        var place = Place(path);
        System.IO.File.WriteAllText(place, text);
        return this;
    }

    /// <summary>A program that prints that text, whatever it is asked.</summary>
    /// <param name="path">Absolute, or a name, which then lies in /usr/bin.</param>
    public SimulatedMachine Tool(string path, string text, int exitCode = 0)
    {
        var printed = $"/usr/share/simulated/{path.Replace('/', '_')}.txt";
        File(printed, text);
        return Script(path, $"cat '{Place(printed)}'\nexit {exitCode.ToString(CultureInfo.InvariantCulture)}\n");
    }

    /// <summary>A program that is a shell script.</summary>
    public SimulatedMachine Script(string path, string script)
    {
        var place = Place(path.StartsWith('/') ? path : $"/usr/bin/{path}");
        System.IO.File.WriteAllText(place, $"#!/bin/sh\n{script}");
        System.IO.File.SetUnixFileMode(place, Program);
        return this;
    }

    /// <param name="address">Such as <c>0000:c1:00.0</c>.</param>
    /// <param name="id">Vendor and device, <c>19e5:d802</c>.</param>
    /// <param name="subsystem">Of the board, in the same form.</param>
    public SimulatedMachine Pci(string address, string id, string subsystem = "19e5:0100", int numaNode = 0)
    {
        var (folder, ids, board) = ($"/sys/bus/pci/devices/{address}", id.Split(':'), subsystem.Split(':'));
        return File($"{folder}/vendor", $"0x{ids[0]}\n").File($"{folder}/device", $"0x{ids[1]}\n").File($"{folder}/subsystem_vendor", $"0x{board[0]}\n")
            .File($"{folder}/subsystem_device", $"0x{board[1]}\n").File($"{folder}/numa_node", $"{numaNode}\n").File($"{folder}/class", "0x120000\n");
    }

    /// <summary>A character device; answers like /dev/null unless it is told other numbers. Only root can make one.</summary>
    public SimulatedMachine Node(string path, int major = 1, int minor = 3)
    {
        const uint character = 0x2000;
        var place = Place(path);
        // as makedev(3) packs them
        var device = ((ulong)minor & 0xFF) | (((ulong)major & 0xFFF) << 8) | (((ulong)minor & ~0xFFUL) << 12);
        if (MakeNode(place, character, device) != 0)
            throw new InvalidOperationException($"{path} could not be made; simulated devices want root");
        return Mode(path, (UnixFileMode)0b110_110_110);
    }

    /// <summary>A named pipe that nobody writes to: who opens it waits.</summary>
    public SimulatedMachine Pipe(string path)
    {
        const uint pipe = 0x1000;
        return MakeNode(Place(path), pipe | 0b110_110_110, 0) == 0 ? this : throw new InvalidOperationException($"{path} could not be made");
    }

    public SimulatedMachine Mode(string path, UnixFileMode mode)
    {
        System.IO.File.SetUnixFileMode(Place(path), mode);
        return this;
    }

    /// <summary>A symbolic link, whose target need not be there.</summary>
    public SimulatedMachine Link(string path, string target)
    {
        System.IO.File.CreateSymbolicLink(Place(path), target);
        return this;
    }

    public SimulatedMachine Folder(string path)
    {
        Directory.CreateDirectory(Place(path));
        return this;
    }

    public bool Has(string path) => Path.Exists(Path.Join(Root, path));

    /// <summary>A file, a device node, or a folder with all in it.</summary>
    public SimulatedMachine Remove(string path)
    {
        if (Directory.Exists(Place(path)))
            Directory.Delete(Place(path), recursive: true);
        else
            System.IO.File.Delete(Place(path));
        return this;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private string Place(string path)
    {
        var place = Path.Join(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        return place;
    }

    [DllImport("libc", EntryPoint = "mknod", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MakeNode(string path, uint mode, ulong device);
}
