using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>What of a machine a profile may name: files of a driver, to be read by a probe or mounted into a container. A profile comes from anybody, and the runner is root.</summary>
/// <remarks>Asked twice: when a profile is read, by what it says, and before a file is opened or a container started, by where that leads.</remarks>
internal static partial class SafePaths
{
    private const string Inside = "give the driver's own file or folder, such as /usr/local/dcmi";
    private const string Version = "give the driver's own version file, such as /usr/local/Ascend/driver/version.info";

    /// <summary>Files outside of the usual places that public drivers want; one more wants a source that shows it.</summary>
    private static readonly ImmutableArray<string> Named = ["/etc/ascend_install.info", "/etc/hccl_rootinfo.json", "/etc/hccn.conf", "/lib/modules", "/usr/lib/modules", "/var/queue_schedule"];

    /// <summary>Refused as a whole; a file or folder below them may be the driver's.</summary>
    private static readonly ImmutableArray<string> Whole =
        ["/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/opt", "/sbin", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/lib64", "/usr/local/sbin", "/usr/local/share", "/usr/sbin", "/usr/share", "/var", "/var/lib"];

    /// <summary>Refused with all below them.</summary>
    private static readonly ImmutableArray<(string Folder, string Why)> Closed =
    [
        ("/dev", "devices are handed over one by one: put them under `devices`"),
        ("/proc", "it shows and steers every process of the machine; leave it out"),
        ("/run", "the sockets of the machine's services lie there, the container engine's among them, and with that one a container commands the machine; leave it out"),
        ("/var/run", "the sockets of the machine's services lie there, the container engine's among them, and with that one a container commands the machine; leave it out"),
        ("/var/lib/docker", "it is the container engine's own; leave it out"),
        ("/var/lib/containerd", "it is the container engine's own; leave it out"),
        ("/var/lib/containers", "it is the container engine's own; leave it out"),
        ("/root", "keys of people lie there; leave it out"),
        ("/home", "keys of people lie there; leave it out"),
    ];

    /// <summary>Where the runner and the kernel put things of their own.</summary>
    private static readonly ImmutableArray<string> Taken = ["/", "/dev", "/proc", "/model", "/opt/adaptation", "/opt/engine", "/run/adaptation", "/tmp"];

    /// <summary>Folders whose names say that secrets lie in them; the last is where this program keeps its keys and runs.</summary>
    private static readonly ImmutableArray<string> Secret = ["etc", "keys", "private", "secrets", "ssh", "ssl", "adaptation"];

    /// <param name="mount">A path, or HOST:CONTAINER.</param>
    /// <returns>Why it may not be mounted, and what to write instead; null if it may.</returns>
    public static string? OfMount(string mount)
    {
        var parts = mount.Split(':');
        if (parts is [_, _, .. { Length: > 0 } options])
            return $"`{mount}` has options (`{string.Join(':', options)}`): a mount is read-only, always. Leave them out; what a server writes goes to /tmp, or to `serve.cache`";
        if (parts.Any(part => !part.StartsWith('/') || part.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter))))
            return $"`{mount}` is not an absolute path, or two with a colon between them; {Inside}";
        if (parts.Any(part => part.Split('/').Contains("..")))
            return $"`{mount}` has `..` in it and may lead anywhere; write the path out";
        return OfSource(mount, parts[0]) ?? OfTarget(mount, Plain(parts[0]), Plain(parts[^1]));
    }

    /// <summary>What of the machine is mounted.</summary>
    /// <param name="mount">As it is shown.</param>
    public static string? OfSource(string mount, string source)
    {
        var host = Plain(source);
        if (Whole.Contains(host))
            return $"`{mount}` would hand over {host} of the machine as a whole; {Inside}";
        if (Closed.FirstOrDefault(closed => IsAt(host, closed.Folder)) is { Why: { } why })
            return $"`{mount}` may not be mounted: {why}";
        if (host.EndsWith(".sock", StringComparison.Ordinal))
            return $"`{mount}` is a socket: with the container engine's a container commands the machine; leave it out";
        return Named.Contains(host) || IsInstalled(host) || Sysfs().IsMatch(host) ? null
            : $"`{mount}`: {host} is none of the places where drivers are installed, and may hold anybody's secrets. Allowed are files and folders below /usr, /opt and /lib, none of them hidden or called {string.Join(", ", Secret)}; "
                + $"below /sys/class, /sys/devices/system, /sys/module and /sys/kernel/debug; and {string.Join(", ", Named)}. Leave it out, or {Inside}";
    }

    /// <summary>What of the image is hidden: an image's digest is worth what can be seen of the image.</summary>
    private static string? OfTarget(string mount, string source, string target)
    {
        if (Taken.FirstOrDefault(taken => taken == target || (taken != "/" && IsAt(target, taken))) is { } place)
            return $"`{mount}` would cover {place} in the container, which the runner or the kernel fills; give another place behind the colon";
        var isOwn = Named.Contains(target) || (target == source && Sysfs().IsMatch(target));
        return isOwn || (IsInstalled(target) && !Whole.Contains(target) && !OfImage().IsMatch(target) && (IsAt(target, "/opt") || Folder().IsMatch(target) || Library().IsMatch(target) || IsTool(target))) ? null
            : $"`{mount}` would cover {target} in the container, which is the image's: what its digest promises would not be what runs. Give a place of the driver's own behind the colon: a folder below /usr/local or /opt, a library such as /usr/lib/libvendor.so.1, or a management tool such as /usr/local/bin/npu-smi";
    }

    private static bool IsTool(string target) => SafeTools.IsManagement(target[(target.LastIndexOf('/') + 1)..]) && target[..target.LastIndexOf('/')] is "/usr/bin" or "/usr/sbin" or "/usr/local/bin" or "/usr/local/sbin";

    /// <summary>A file of the machine that a probe reads.</summary>
    /// <returns>Why it may not be read, and what to write instead; null if it may.</returns>
    public static string? OfFile(string file)
    {
        var path = Plain(file);
        return file.StartsWith('/') && !file.Split('/').Contains("..") && !file.Any(char.IsControl)
            && (Named.Contains(path) || (IsInstalled(path) && !Whole.Contains(path)) || IsOfKernel(path) || EtcVersion().IsMatch(path)) ? null
            : $"`{file}` is no file that a probe may read: the runner is root, and what it reads goes into evidence. Allowed are files below /usr, /opt and /lib, none of them in a folder that is hidden or called {string.Join(", ", Secret)}; "
                + $"files of /sys; /proc/cpuinfo and a driver's folder in /proc; files of /etc with `version` or `release` in their name; {string.Join(", ", Named)}. Leave it out, or {Version}";
    }

    /// <summary>What the kernel and drivers show of themselves, and of no process.</summary>
    public static bool IsOfKernel(string path) => path == "/proc/cpuinfo" || OfDriver().IsMatch(path)
        || (path.StartsWith("/sys/", StringComparison.Ordinal) && !IsAt(path, "/sys/kernel/tracing") && !IsAt(path, "/sys/kernel/debug/tracing") && !IsAt(path, "/sys/kernel/security") && !IsAt(path, "/sys/firmware") && !IsAt(path, "/sys/fs"));

    /// <summary>A file of an image, which is read there and not on the machine.</summary>
    /// <inheritdoc cref="OfFile"/>
    public static string? OfImageFile(string file) =>
        file.StartsWith('/') && !file.Split('/').Contains("..") && !file.Any(char.IsControl) && !Kept.Any(folder => IsAt(Plain(file), folder)) ? null
            : $"`{file}` is no file that an image has of its own; give one that states the version, such as /usr/lib/python3/dist-packages/vllm/_version.py";

    private static readonly ImmutableArray<string> Kept = ["/dev", "/model", "/proc", "/run", "/sys", "/tmp"];

    /// <summary>Where the system and its drivers are installed, and nobody's secrets.</summary>
    internal static bool IsInstalled(string path) => (IsAt(path, "/usr") || IsAt(path, "/opt") || IsAt(path, "/lib") || IsAt(path, "/lib64")) && !path.Split('/').Any(part => part.StartsWith('.') || Secret.Contains(part));

    internal static bool IsAt(string path, string folder) => path == folder || path.StartsWith($"{folder.TrimEnd('/')}/", StringComparison.Ordinal);

    /// <summary>Without doubled or trailing slashes, and without steps on the spot.</summary>
    internal static string Plain(string path) => $"/{string.Join('/', path.Split('/').Where(part => part is not ("" or ".")))}";

    [GeneratedRegex(@"\A/sys/((class|devices/system|module)/[^/]+(/.*)?|kernel/debug(/.*)?)\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Sysfs();

    /// <summary>A folder of a driver's own: below /usr/local, but none that distributions and images share.</summary>
    [GeneratedRegex(@"\A/usr/local/(?!(bin|sbin|lib|lib64|libexec|share|include|src|man|games)(/|\z))[^/]+(/.*)?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Folder();

    [GeneratedRegex(@"\A(/usr|/usr/local)?/lib(64)?(/[A-Za-z0-9_.-]+)*/lib[A-Za-z0-9_+.-]+\.so(\.[0-9]+)*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Library();

    /// <summary>Where images keep what computes: interpreters, their packages, frameworks.</summary>
    [GeneratedRegex(@"/(site-packages|dist-packages|(python|(mini)?conda|miniforge|mamba|venv|virtualenv|vllm|sglang|torch|pytorch|onnxruntime|llama|transformers|app|workspace|nvidia)[^/]*)(/|\z)|/lib(c|dl|m|pthread|rt|stdc\+\+|gcc_s|ssl|crypto|python[0-9.]*|torch[A-Za-z0-9_]*|c10[A-Za-z0-9_]*|onnxruntime[A-Za-z0-9_]*|llama|ggml[A-Za-z0-9_-]*)\.so[0-9.]*\z", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex OfImage();

    [GeneratedRegex(@"\A/proc/(?!(self|thread-self|sys|net|fs|irq|bus|tty|scsi|sysvipc|pressure|acpi|asound)/)[a-z][A-Za-z0-9_-]*(/[A-Za-z0-9_.-]+)+\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex OfDriver();

    [GeneratedRegex(@"\A/etc/([A-Za-z0-9_-]+/)?[A-Za-z0-9_.-]*(version|release)[A-Za-z0-9_.-]*\z", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex EtcVersion();
}
