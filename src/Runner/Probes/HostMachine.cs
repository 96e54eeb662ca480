using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Adaptation.Runner;

/// <summary>The machine that a run is on, as its kernel, its files and the tools installed on it show it. What cannot be read is absent, never a default.</summary>
/// <param name="root">The root of the file system, so that a test can show another machine. Never an option of the product: whoever could set it could show any machine.</param>
public sealed class HostMachine(string root)
{
    private const int LongestFile = 1 << 20;
    private const int LongestOutput = 1 << 20;

    /// <summary>Where programs are looked for, besides where a command says itself: vendors put management tools into folders that a user's own search path often lacks.</summary>
    private static readonly ImmutableArray<string> Folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>The one that this process runs on.</summary>
    public static HostMachine Local { get; } = new("/");

    public string Root => root;

    /// <summary>Where a file of that machine lies on this one.</summary>
    /// <param name="path">Absolute, on that machine.</param>
    public string Place(string path) => Path.Join(root, path);

    public bool Exists(string path) => Path.Exists(Place(path));

    /// <summary>At most the first MiB, as UTF-8.</summary>
    /// <returns>Null where there is no such file, or this user may not read it.</returns>
    public string? TryRead(string path) => TryRead(path, LongestFile);

    /// <summary>At most so many bytes from its beginning, as UTF-8.</summary>
    /// <inheritdoc cref="TryRead(string)"/>
    public string? TryRead(string path, int most)
    {
        try
        {
            using var file = new FileStream(Place(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using var text = new MemoryStream();
            var some = new byte[4096]; // most files of a kernel are short, and none says how long it is
            while (text.Length < most && file.Read(some, 0, (int)Math.Min(some.Length, most - text.Length)) is > 0 and var count)
                text.Write(some, 0, count);
            return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Names in a folder that fit a pattern with <c>*</c>, in ordinal order; none where there is no such folder.</summary>
    public ImmutableArray<string> List(string folder, string pattern = "*")
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(Place(folder), pattern).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public bool IsFolder(string path) => Directory.Exists(Place(path));

    /// <returns>The last name of what a symbolic link points at; null where there is no such link.</returns>
    public string? TryLink(string path) => TryTarget(path) is { } target ? Path.GetFileName(target.TrimEnd('/')) : null;

    /// <returns>What a symbolic link says that it points at; null where there is no such link.</returns>
    public string? TryTarget(string path)
    {
        try
        {
            return new FileInfo(Place(path)).LinkTarget;
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <returns>Null where there is nothing of that name.</returns>
    public DeviceNode? TryNode(string path) => DeviceNode.TryStat(Place(path));

    /// <summary>Groups of users, by their numbers.</summary>
    public Dictionary<uint, string> Groups()
    {
        var all = new Dictionary<uint, string>();
        foreach (var line in (TryRead("/etc/group") ?? "").Split('\n'))
        {
            if (line.Split(':') is [var name, _, var number, ..] && uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                all.TryAdd(id, name);
        }

        return all;
    }

    /// <summary>Where a program of that machine lies.</summary>
    /// <returns>Null where it is not installed.</returns>
    public string? Find(string program) => program.Contains('/', StringComparison.Ordinal)
        ? Exists(program) ? program : null
        : Folders.Select(folder => $"{folder}/{program}").FirstOrDefault(Exists);

    /// <summary>Runs a tool that only reads, and leaves nothing of it behind.</summary>
    /// <param name="limit">Vendors' tools are known to hang with the driver; past it the tool is killed.</param>
    public async Task<ToolOutput> RunAsync(ImmutableArray<string> command, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (Find(command[0]) is not { } program)
            return ToolOutput.Failed($"{command[0]} is not installed");
        var start = new ProcessStartInfo(Place(program), command[1..]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["LC_ALL"], start.Environment["LANG"]) = ("C", "C"); // words and decimal points as in the captures
        try
        {
            using var process = Process.Start(start) ?? throw new UnreachableException();
            process.StandardInput.Close();
            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            late.CancelAfter(limit);
            var (text, errors) = (ReadAsync(process.StandardOutput, late.Token), ReadAsync(process.StandardError, late.Token));
            try
            {
                // a child that outlives the tool and holds its output open ends with the limit too
                await Task.WhenAll(text, errors, process.WaitForExitAsync(late.Token));
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                return ToolOutput.Failed($"{command[0]} did not end within {limit.TotalSeconds:0.#} s");
            }

            return process.ExitCode == 0
                ? new ToolOutput(await text, null)
                : new ToolOutput(await text, $"{command[0]} ended with exit code {process.ExitCode}: {Clip.Text((await errors).Trim().Split('\n')[0], 200)}");
        }
        catch (Exception unstarted) when (unstarted is System.ComponentModel.Win32Exception or IOException)
        {
            return ToolOutput.Failed($"{command[0]} could not be started: {unstarted.Message}");
        }
    }

    /// <summary>To the end, of which a bounded part is kept.</summary>
    private static async Task<string> ReadAsync(StreamReader stream, CancellationToken cancellationToken)
    {
        var (kept, buffer) = (new StringBuilder(), new char[8192]);
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            kept.Append(buffer, 0, Math.Min(count, LongestOutput - kept.Length));
        return kept.ToString();
    }
}

/// <summary>What a tool of the machine printed.</summary>
/// <param name="Failure">What it is that went wrong; null where the tool ended well. What it printed before is not to be relied upon.</param>
public sealed record ToolOutput(string Text, string? Failure)
{
    public static ToolOutput Failed(string why) => new("", why);
}
