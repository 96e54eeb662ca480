using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>Which device nodes and groups a profile may hand into a container: a chip's, and nothing that has the machine.</summary>
internal static partial class SafeDevices
{
    private const string Remedy = "Leave it out; give the chip's own nodes, such as /dev/davinci0";

    /// <summary>Groups whose members have the machine, its disks or its secrets.</summary>
    private static readonly ImmutableHashSet<string> Mighty =
        ["adm", "containerd", "crio", "daemon", "disk", "docker", "incus", "incus-admin", "kmem", "kvm", "libvirt", "lxd", "mem", "podman", "root", "shadow", "ssl-cert", "staff", "sudo", "sys", "systemd-journal", "tape", "tty", "utmp", "wheel"];

    /// <summary>The machine's own, by number: so does a node show itself whose name says something else. Source: Linux, admin-guide/devices.txt.</summary>
    private static readonly ImmutableHashSet<uint> Majors = [4, 5, 7, 9, 13, 21, 202, 203];

    private static readonly ImmutableDictionary<uint, ImmutableHashSet<uint>> Minors = ImmutableDictionary<uint, ImmutableHashSet<uint>>.Empty
        .Add(1, [1, 2, 4, 11, 12]) // mem, kmem, port, kmsg, oldmem
        .Add(10, [130, 144, 196, 200, 203, 223, 228, 229, 231, 232, 234, 235, 236, 237, 238, 239, 241, 242]); // watchdog, nvram, vfio, tun, cuse, uinput, hpet, fuse, snapshot, kvm, btrfs, autofs, mapper, loop, vhost, uhid, vsock, rfkill

    /// <param name="node">With <c>{index}</c> for the number of a device.</param>
    /// <returns>Why it may not be handed in, and what to write instead; null if it may.</returns>
    public static string? Of(string node)
    {
        var path = SafePaths.Plain(new NodePattern(node).Of(0));
        return NoChip().IsMatch(path) ? $"`{node}` is no accelerator but the machine's own memory, disk, console or network: whoever has it has the machine. {Remedy}"
            : !node.StartsWith('/') || node.Split('/').Contains("..") || !Node().IsMatch(path) ? $"`{node}` is not a device node below /dev, with {NodePattern.Index} for the number of a device, or {{index+128}} where it begins elsewhere; give the chip's own, such as /dev/davinci0"
            : null;
    }

    /// <summary>What the kernel says that it is, whatever it is called.</summary>
    /// <returns>What is wrong with it; null for a character device that may be a chip's.</returns>
    public static string? OfKind(string path, DeviceNode node, string what) => node.Kind switch
    {
        DeviceNodeKind.None => $"{path} is {what}, expected a character device",
        DeviceNodeKind.Block => $"{path} is {node}, a block device; expected a character device",
        _ => Majors.Contains(node.Major) || Minors.GetValueOrDefault(node.Major)?.Contains(node.Minor) == true ? $"{path} is {node}, the machine's own and no accelerator's" : null,
    };

    /// <returns>Why a container may not have this group, and what to write instead; null if it may.</returns>
    public static string? OfGroup(string group) => !Group().IsMatch(group) || group.All(letter => letter == '0') || Mighty.Contains(group)
        ? $"`{group}` is no group of an accelerator's nodes, and its members may have the whole machine; see `ls -l` of the nodes, and give the one that the driver made for them, such as video" : null;

    [GeneratedRegex(@"\A/dev/[A-Za-z0-9_./-]*[A-Za-z0-9_-]\z", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Node();

    [GeneratedRegex(@"\A([a-zA-Z_][A-Za-z0-9_-]{0,31}|[0-9]{1,9})\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Group();

    [GeneratedRegex(
        @"\A/dev/((k?mem|port|oldmem|kmsg|console|kvm|fuse|cuse|snapshot|u?hid|uinput|vfio|vhci|vsock|vhost-.*|mapper|disk|block|char|shm|mqueue|hugepages|pts|ptmx|net|input|bus|usb|bsg|raw|cpu|fd|std(in|out|err)|core|log|initctl|tty|tty[SA-LN-Z].*|hpet|nvram|mcelog|rfkill|snd|autofs|loop-control|btrfs-control|zfs|ecryptfs|userfaultfd|cpu_dma_latency|vga_arbiter|spidev.*|usbmon.*|(watchdog|rtc|tpm|tpmrm|mei|ipmi|hidraw|i2c-|gpiochip|lp|parport)[0-9]*)(/|\z)"
            + @"|(sd|hd|vd|xvd)[a-z]{1,3}[0-9]*\z|(nvme|ng|mmcblk|dm-|loop|md|sr|sg|st|nst|tty|vcs|vcsa|vcsu|mtd|mtdblock|ubi|nbd|zd|ram|zram|pmem|rbd|drbd|bcache|dasd)[0-9])",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex NoChip();
}
