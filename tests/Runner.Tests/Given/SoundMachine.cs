using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>A machine on which nothing that a shipped profile needs is missing, made of the profile's own facts; its tools print published captures.</summary>
/// <remarks>Wants root, for device nodes. What no source states is made up in a way that shows: a device id <c>fade</c>, versions <c>0.0.1</c>.</remarks>
internal sealed class SoundMachine : IDisposable
{
    private const int Major = 236;
    private static readonly ImmutableArray<string> Folders = ["/dev/dri", "/dev/infiniband"];

    private readonly Profile _profile;
    private int _minor;

    /// <param name="indices">That are to be used; their nodes are made.</param>
    public SoundMachine(Profile profile, params ImmutableArray<int> indices)
    {
        (_profile, Indices) = (profile, indices);
        AddHost();
        if (!LaunchPlanner.IsNeeded(profile))
            return;
        VendorTools.Install(Simulated, profile);
        AddPci();
        AddNodes();
        AddInterface();
        foreach (var mount in profile.Facts.Texts("launch.mounts").Select(mount => mount.Split(':')[0]).Where(path => !Simulated.Has(path)))
            Simulated.Folder(mount);
    }

    public SimulatedMachine Simulated { get; } = new();

    public ImmutableArray<int> Indices { get; }

    /// <summary>Addresses on the bus, as the tool prints them where it does.</summary>
    public ImmutableArray<string> Addresses { get; private set; } = [];

    /// <summary>Device nodes that are planned by their own names, and not by a folder's.</summary>
    public ImmutableArray<string> Nodes { get; private set; } = [];

    /// <summary>Of the profile, in that form, with a container engine that can do all of it.</summary>
    public PreflightSpec Spec(LaunchForm? form = null) => new(_profile, new HostMachine(Simulated.Root))
    {
        Indices = Indices,
        Form = form,
        Architecture = _profile.Facts.Texts("host_cpu").FirstOrDefault("amd64"),
        Engine = new("Docker", "28.0.0", "1.48", "2", IsContainer: true, IsLocal: true)
        {
            Runtimes = [.. new[] { "runc", _profile.Facts.Text("launch.runtime") ?? "runc" }.Distinct()],
            CdiFolders = ["/etc/cdi", "/var/run/cdi"],
        },
        HasImage = true,
        DataFolder = "/data",
        FreeBytes = 1L << 40,
    };

    public void Dispose() => Simulated.Dispose();

    private void AddHost() => Simulated
        .File("/proc/meminfo", "MemTotal:       1073741824 kB\nMemFree:        1000000000 kB\n")
        .File("/proc/self/limits", "Limit                     Soft Limit           Hard Limit           Units     \nMax locked memory         unlimited            unlimited            bytes     \n")
        .File("/proc/self/status", "Name:\tadapt\nCapEff:\t0000000000000000\n")
        .File("/proc/self/uid_map", "         0          0 4294967295\n")
        .File("/etc/group", "root:x:0:\nvideo:x:44:\nrender:x:105:\n")
        .File("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n")
        .File("/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet acpi_pm \n")
        .File("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n")
        .Folder("/sys/devices/system/node/node0")
        .File("/proc/cpuinfo", Processor());

    /// <summary>The processor that the profile is for, as the kernel writes it; of an Arm one its maker and part.</summary>
    private string Processor()
    {
        string? Stated(string field) => _profile.Versions.GetValueOrDefault(field)?.Split(" | ")[0];
        var lines = $"{(Stated("cpu.vendor") is { } vendor ? $"{(vendor.StartsWith("0x", StringComparison.Ordinal) ? "CPU implementer" : "vendor_id")}\t: {vendor}\n" : "")}";
        return Stated("cpu.model")?.Split(' ') switch
        {
            ["implementer", var maker, "part", var part] => $"CPU implementer\t: {maker}\nCPU part\t: {part}\n",
            [..] words => $"{lines}model name\t: {string.Join(' ', words)}\n",
            null => $"{lines}model name\t: of the machine\n",
        } + "microcode\t: 0x1\n";
    }

    private void AddPci()
    {
        if ((_profile.Chip.PciId ?? _profile.Facts.Texts("pci").FirstOrDefault()) is not { } known)
            return; // nobody says by which id the chip is found
        var printed = VendorTools.Addresses(_profile);
        var most = Indices.Max() + 1;
        Addresses = [.. Enumerable.Range(0, most).Select(at => at < printed.Length ? printed[at] : string.Create(CultureInfo.InvariantCulture, $"0000:f{at:x}:00.0"))];
        foreach (var address in Addresses)
        {
            Simulated.Pci(address, known.Contains(':', StringComparison.Ordinal) ? known : $"{known}:fade", $"{known[..4]}:0001")
                .Link($"/sys/bus/pci/devices/{address}/driver", $"../../../../bus/pci/drivers/{_profile.Chip.KernelModule ?? "simulated"}");
        }

        // servers have devices of other vendors too
        Simulated.Pci("0000:00:1f.2", "8086:a182", "8086:0001").File("/sys/bus/pci/devices/0000:00:1f.2/class", "0x010601\n");
    }

    private void AddNodes()
    {
        var facts = _profile.Facts;
        Nodes = [.. facts.Texts("devices.each").SelectMany(node => Indices.Select(index => node.Replace("{index}", index.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal))), .. facts.Texts("devices.shared").Except(Folders)];
        foreach (var node in Nodes)
            Simulated.Node(node, Major, _minor++);
        foreach (var folder in facts.Texts("devices.shared").Intersect(Folders))
            Simulated.Node($"{folder}/card0", Major, _minor++).Node($"{folder}/renderD128", Major, _minor++);
    }

    private void AddInterface()
    {
        if (_profile.Facts.Text("launch.cdi") is { } kind)
            Simulated.File("/etc/cdi/vendor.yaml", $"cdiVersion: 0.6.0\nkind: {kind}\ndevices:\n{string.Concat(Indices.Select(index => $"- name: \"{index}\"\n  containerEdits: {{}}\n"))}");
    }
}
