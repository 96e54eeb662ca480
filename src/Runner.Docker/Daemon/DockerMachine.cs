using System.Collections.Immutable;
using System.Diagnostics;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>The machine as far as it may be changed: where state is kept, and how missing tools come onto it.</summary>
public sealed record DockerMachine
{
    private const string Log = "install.log";
    private const int TailLines = 20;

    private static readonly ImmutableArray<string> ToolFolders =
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>Absolute; made with mode 0700 where it is absent. Concurrent runs that name the same one share daemon, images and cache.</summary>
    public required string StateFolder { get; init; }

    /// <summary>Told in one line what is about to be installed, started or made.</summary>
    public required Action<string> Announce { get; init; }

    public required TimeProvider Time { get; init; }

    internal string Folder(string name)
    {
        var folder = Path.Combine(StateFolder, name);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    /// <exception cref="BrokenEnvironmentException">This process is not root.</exception>
    internal static void RequireRoot(string what)
    {
        if (!Environment.IsPrivilegedProcess)
            throw new BrokenEnvironmentException($"Only root can {what}. Run this command as root once, or start a Docker daemon that you may use and name it with DOCKER_HOST.");
    }

    /// <summary>Finds a program, or installs the packages that bring it.</summary>
    /// <returns>Its path.</returns>
    /// <exception cref="BrokenEnvironmentException">It is absent and cannot be installed; the message has the last lines of the attempt.</exception>
    internal async Task<string> EnsureToolAsync(string tool, ImmutableArray<string> packages, CancellationToken cancellationToken)
    {
        if (Find(tool) is { } present)
            return present;
        var names = string.Join(' ', packages);
        if (Find("apt-get") is not { } apt)
            throw new BrokenEnvironmentException($"{tool} is not on this machine, and neither is apt-get to install it. Install {tool} with this system's package manager.");
        RequireRoot($"install {names} (for {tool})");
        Announce($"installing {names}");
        await RunAsync(apt, ["-o", "DPkg::Lock::Timeout=120", "update"], $"install {names}", cancellationToken);
        await RunAsync(
            "/usr/bin/env",
            ["DEBIAN_FRONTEND=noninteractive", apt, "-o", "DPkg::Lock::Timeout=120", "install", "-y", "--no-install-recommends", .. packages],
            $"install {names}",
            cancellationToken);
        return Find(tool) ?? throw new BrokenEnvironmentException($"{names} installed, and {tool} is still in none of {string.Join(':', ToolFolders)}.");
    }

    /// <summary>Runs a program to its end, with nothing on its input and its output in a log file.</summary>
    /// <exception cref="BrokenEnvironmentException">It failed; the message has its last lines.</exception>
    internal async Task RunAsync(string program, ImmutableArray<string> arguments, string what, CancellationToken cancellationToken)
    {
        var log = Path.Combine(Folder("log"), $"{Environment.ProcessId}-{Log}");
        // the shell opens the log, so that it holds what a killed runner no longer reads; exec keeps the process id
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", log, program, .. arguments]) { UseShellExecute = false };
        using var process = Process.Start(start) ?? throw new UnreachableException();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        if (process.ExitCode != 0)
        {
            throw new BrokenEnvironmentException(
                $"Could not {what}: {Path.GetFileName(program)} ended with {process.ExitCode}. The end of {log}:\n{Tail(log)}");
        }
    }

    /// <summary>The last lines of a file that may be absent, and of which only the last 64 KiB are read.</summary>
    internal static string Tail(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(file.Length, 64 * 1024), SeekOrigin.End);
            using var reader = new StreamReader(file);
            return string.Join('\n', reader.ReadToEnd().TrimEnd().Split('\n').TakeLast(TailLines));
        }
        catch (IOException unread)
        {
            return $"({unread.Message})";
        }
    }

    internal static string? Find(string tool) => ToolFolders.Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
}
