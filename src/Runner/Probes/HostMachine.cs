using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Adaptation.Runner;

/// <summary>The machine that a run is on, as its kernel, its files and the tools installed on it show it. What cannot be read is absent, never a default.</summary>
/// <param name="root">The root of the file system, so that a test can show another machine. Never an option of the product: whoever could set it could show any machine.</param>
public sealed partial class HostMachine(string root)
{
    private const int LongestFile = 1 << 20;
    private const int LongestOutput = 1 << 20;
    private const int EndNow = 9; // SIGKILL

    /// <summary>Files of a kernel answer at once, or their driver is stuck.</summary>
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(5);

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
    public string? TryRead(string path, int most) => Read(path, most).Text;

    /// <summary>A file, or why there is nothing to be read; never for longer than a driver that answers needs.</summary>
    public FileReading Read(string path, int most = LongestFile)
    {
        var bytes = ReadBytes(path, most, out var problem);
        return problem is null ? new(Encoding.UTF8.GetString(bytes), null) : new(null, problem);
    }

    /// <summary>Only of what the kernel calls a plain file: a pipe waits for a writer, and devices never end or act on being read.</summary>
    /// <param name="problem">Why nothing was read; null where it was.</param>
    internal byte[] ReadBytes(string path, int most, out string? problem)
    {
        var (place, read, why) = (Place(path), Array.Empty<byte>(), (string?)null);
        var isOver = TimedRead.TryRun(place, ReadLimit, () => (read, why) = ReadNow(path, place, most));
        problem = isOver ? why : $"{path} did not answer within {ReadLimit.TotalSeconds:0.#} s; is its driver stuck? See `sudo dmesg | tail -40`";
        return problem is null ? read : [];
    }

    private static (byte[] Read, string? Why) ReadNow(string path, string place, int most)
    {
        if (DeviceNode.TryStat(place, out var what) is null)
            return ([], $"{path} is not there");
        if (what != DeviceNode.PlainFile)
            return ([], $"{path} is {what}; expected a plain file");
        try
        {
            using var file = new FileStream(place, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using var all = new MemoryStream();
            var some = new byte[4096]; // most files of a kernel are short, and none says how long it is
            while (all.Length < most && file.Read(some, 0, (int)Math.Min(some.Length, most - all.Length)) is > 0 and var count)
                all.Write(some, 0, count);
            return (all.ToArray(), null);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return ([], $"{path} cannot be read by this user");
        }
    }

    /// <summary>What a profile asks to read: a file that it may name (<see cref="SafePaths.OfFile"/>), and that leads to none that it may not.</summary>
    public FileReading ReadAsked(string path)
    {
        if (SafePaths.OfFile(path) is { } why)
            return new(null, why);
        return WhyElsewhere(path, SafePaths.OfFile) is { } elsewhere ? new(null, elsewhere) : Read(Resolve(path)!);
    }

    /// <summary>Where a path leads, symbolic links of that machine followed; the last part need not be there.</summary>
    /// <returns>Null where links run in circles.</returns>
    public string? Resolve(string path)
    {
        const int mostLinks = 40; // as the kernel's
        var (rest, resolved, links) = (new Stack<string>(path.Split('/').Reverse()), "", 0);
        while (rest.TryPop(out var part))
        {
            if (part is "" or ".")
                continue;
            if (part == "..")
            {
                resolved = resolved.Length == 0 ? "" : resolved[..resolved.LastIndexOf('/')];
                continue;
            }

            if (new FileInfo(Place($"{resolved}/{part}")).LinkTarget is not { } target)
            {
                resolved = $"{resolved}/{part}";
                continue;
            }

            if (++links > mostLinks)
                return null;
            resolved = target.StartsWith('/') ? "" : resolved;
            foreach (var one in target.Split('/').Reverse())
                rest.Push(one);
        }

        return resolved.Length == 0 ? "/" : resolved;
    }

    /// <summary>What is wrong with where a path leads; null where it may be used.</summary>
    internal string? WhyElsewhere(string path, Func<string, string?> rule) => Resolve(path) is not { } resolved ? $"{path} is a symbolic link that leads in circles"
        : rule(resolved) is { } why ? $"{path} leads to {resolved}, and {why}" : null;

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

    /// <summary>Runs a tool that only reads (<see cref="SafeTools"/>), and leaves nothing of it behind.</summary>
    /// <param name="limit">Vendors' tools are known to hang with the driver; past it the tool is killed.</param>
    public async Task<ToolOutput> RunAsync(ImmutableArray<string> command, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (SafeTools.Of(command) is { } refused)
            return ToolOutput.Failed(refused);
        if (command is [var first, var file] && first.Split('/')[^1] is var name && name is "cat" or "strings")
        {
            if (name == "cat")
                return ReadAsked(file) is var asked && asked.Text is { } content ? new(content, null) : ToolOutput.Failed(asked.Problem!);
            if (WhyElsewhere(file, SafePaths.OfFile) is { } elsewhere)
                return ToolOutput.Failed(elsewhere);
            command = [first, Place(Resolve(file)!)];
        }

        if (Find(command[0]) is not { } program)
            return ToolOutput.Failed($"{command[0]} is not installed");
        return WhyElsewhere(program, SafeTools.OfPlace) is { } strange ? ToolOutput.Failed(strange) : await RunAsync(command[0], Place(program), command[1..], limit, cancellationToken);
    }

    private static async Task<ToolOutput> RunAsync(string name, string program, ImmutableArray<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        // in a session of its own, so that all that it starts can be told, and ended, by its number
        var session = SessionStarter is { } starter && !IsNoProgram(program) ? starter : null;
        var start = new ProcessStartInfo(session ?? program, session is null ? arguments : [program, .. arguments]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["LC_ALL"], start.Environment["LANG"]) = ("C", "C"); // words and decimal points as in the captures
        try
        {
            using var process = Process.Start(start) ?? throw new UnreachableException();
            try
            {
                return await OutputAsync(name, process, limit, cancellationToken);
            }
            finally
            {
                process.Kill(entireProcessTree: true);
                if (session is not null)
                    _ = KillGroup(-process.Id, EndNow); // a number stays taken as long as one of its session lives; none there is no error
            }
        }
        catch (Exception unstarted) when (unstarted is System.ComponentModel.Win32Exception or IOException)
        {
            return ToolOutput.Failed($"{name} could not be started: {unstarted.Message}");
        }
    }

    private static async Task<ToolOutput> OutputAsync(string name, Process process, TimeSpan limit, CancellationToken cancellationToken)
    {
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
            cancellationToken.ThrowIfCancellationRequested();
            return ToolOutput.Failed($"{name} did not end within {limit.TotalSeconds:0.#} s");
        }

        return process.ExitCode == 0
            ? new ToolOutput(await text, null)
            : new ToolOutput(await text, $"{name} ended with exit code {process.ExitCode}: {Clip.Text((await errors).Trim().Split('\n')[0], 200)}");
    }

    /// <summary>Of util-linux or busybox: replaces itself by the program, as the first of a new session. Where there is none, children whose parent ended are not found.</summary>
    private static string? SessionStarter { get; } = Folders.Select(folder => $"{folder}/setsid").FirstOrDefault(File.Exists);

    /// <summary>What cannot be started is to be said by the kernel, and not by what would start it.</summary>
    private static bool IsNoProgram(string program)
    {
        const UnixFileMode execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return DeviceNode.TryStat(program, out var what) is not { } stat || what != DeviceNode.PlainFile || (stat.Mode & execute) == UnixFileMode.None;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int KillGroup(int group, int signal);

    /// <summary>To the end, of which a bounded part is kept.</summary>
    private static async Task<string> ReadAsync(StreamReader stream, CancellationToken cancellationToken)
    {
        var (kept, buffer) = (new StringBuilder(), new char[8192]);
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            kept.Append(buffer, 0, Math.Min(count, LongestOutput - kept.Length));
        return kept.ToString();
    }
}

/// <summary>A file of the machine.</summary>
/// <param name="Problem">Why nothing was read; null where it was.</param>
public sealed record FileReading(string? Text, string? Problem);

/// <summary>What a tool of the machine printed.</summary>
/// <param name="Failure">What it is that went wrong; null where the tool ended well. What it printed before is not to be relied upon.</param>
public sealed record ToolOutput(string Text, string? Failure)
{
    public static ToolOutput Failed(string why) => new("", why);
}
