using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>What of a machine a profile may hand into a container: devices of its chip, and files of its driver to read. With more, a container is none.</summary>
internal static partial class SafePaths
{
    private const string Inside = "give the driver's own file or folder, such as /usr/local/dcmi";

    /// <summary>Refused as a whole; a file or folder below them may be the driver's.</summary>
    private static readonly ImmutableArray<string> Whole = ["/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/opt", "/sbin", "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/var", "/var/lib"];

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
    private static readonly ImmutableArray<string> Taken = ["/", "/dev", "/proc", "/sys", "/model", "/opt/adaptation", "/opt/engine", "/run/adaptation", "/tmp"];

    /// <returns>Why a device node may not be handed in, and what to write instead; null if it may.</returns>
    public static string? OfDevice(string path) =>
        !path.StartsWith("/dev/", StringComparison.Ordinal) || path.Split('/').Contains("..") || path.TrimEnd('/') == "/dev"
            ? $"`{path}` is not a device node below /dev; give the chip's own, such as /dev/davinci0"
        : NoChip().IsMatch(path)
            ? $"`{path}` is no accelerator but the machine's own memory, disk, console or network: whoever has it has the machine. Leave it out; give the chip's own nodes, such as /dev/davinci0"
        : null;

    /// <param name="mount">A path, or HOST:CONTAINER.</param>
    /// <returns>Why it may not be mounted, and what to write instead; null if it may.</returns>
    public static string? OfMount(string mount)
    {
        var parts = mount.Split(':');
        if (parts is [_, _, .. { Length: > 0 } options])
            return $"`{mount}` has options (`{string.Join(':', options)}`): a mount is read-only, always. Leave them out; what a server writes goes to /tmp, or to `serve.cache`";
        if (parts.Any(part => !part.StartsWith('/') || part.Any(char.IsWhiteSpace)))
            return $"`{mount}` is not an absolute path, or two with a colon between them; {Inside}";
        if (parts.Any(part => part.Split('/').Contains("..")))
            return $"`{mount}` has `..` in it and may lead anywhere; write the path out";
        var (host, target) = (Plain(parts[0]), Plain(parts[^1]));
        if (Whole.Contains(host))
            return $"`{mount}` would hand over {host} of the machine as a whole; {Inside}";
        if (Closed.FirstOrDefault(closed => IsAt(host, closed.Folder)) is { Why: { } why })
            return $"`{mount}` may not be mounted: {why}";
        if (host.EndsWith(".sock", StringComparison.Ordinal))
            return $"`{mount}` is a socket: with the container engine's a container commands the machine; leave it out";
        return Taken.FirstOrDefault(taken => taken == target || (taken != "/" && taken != "/sys" && IsAt(target, taken))) is { } place
            ? $"`{mount}` would cover {place} in the container, which the runner or the kernel fills; give another place behind the colon" : null;
    }

    private static bool IsAt(string path, string folder) => path == folder || path.StartsWith($"{folder}/", StringComparison.Ordinal);

    /// <summary>Without doubled or trailing slashes, and without steps on the spot.</summary>
    private static string Plain(string path) => $"/{string.Join('/', path.Split('/').Where(part => part is not ("" or ".")))}";

    [GeneratedRegex(@"\A/+dev/+((k?mem|port|kmsg|console|kvm|fuse|snapshot|uinput|vfio|mapper|disk|block|shm|pts|net|input|bus|cpu)(/|\z)|(sd|hd|vd|xvd)[a-z]{1,2}[0-9]*/?\z|(nvme|mmcblk|dm-|loop|md|sr|sg|tty|ttyS|vcs|mtd)[0-9])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NoChip();
}
