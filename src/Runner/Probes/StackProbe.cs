using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Reads what stack this machine has, from the kernel and never from a profile: the facts of the combination lock.</summary>
/// <param name="root">The root of the file system, so that a test can show another machine.</param>
public sealed class StackProbe(string root)
{
    /// <summary>What nothing could be read of; never filled in from elsewhere.</summary>
    public const string Unknown = "unknown";

    /// <summary>The fields that OPS-02 wants of this kind of chip.</summary>
    public static ImmutableArray<string> Required(ChipFacts chip) =>
    [
        "accelerator.count", "accelerator.model", "accelerator.vendor",
        "container.engine", "container.engineVersion", "container.image.sha256",
        "cpu.microcode", "cpu.model", "framework.name", "framework.version",
        "model.name", "model.sha256", "os.id", "os.kernel", "os.version", "serve.sha256",
        .. chip.Kind == "pci"
            ? ["accelerator.pciId", "driver.name", "driver.version", "firmware.version", "toolkit.name", "toolkit.version"]
            : ImmutableArray<string>.Empty,
    ];

    /// <summary>The names of what <see cref="Read"/> reads of such a chip.</summary>
    public static ImmutableArray<string> Fields(ChipFacts chip) =>
    [
        "accelerator.count", "accelerator.model", "accelerator.vendor",
        "cpu.architecture", "cpu.microcode", "cpu.model", "cpu.stepping", "cpu.vendor", "os.id", "os.kernel", "os.version",
        .. chip.Kind == "pci" ? ["accelerator.pciId"] : Array.Empty<string>(),
        .. chip is { Kind: "pci", KernelModule: not null } ? ["driver.name", "driver.version"] : Array.Empty<string>(),
    ];

    /// <summary>Dotted names to what was read; printable ASCII.</summary>
    public ImmutableSortedDictionary<string, string> Read(ChipFacts chip)
    {
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var cpu = Pairs("proc/cpuinfo", ':');
        var os = Pairs("etc/os-release", '=');
        facts["cpu.model"] = First(cpu, "model name", "Model Name", "Model", "cpu model") is var name && name != Unknown ? name : ArmModel(cpu);
        facts["cpu.vendor"] = First(cpu, "vendor_id", "CPU implementer", "CPU Family");
        facts["cpu.stepping"] = $"{First(cpu, "cpu family", "CPU architecture")}-{First(cpu, "model", "CPU part")}-{First(cpu, "stepping", "CPU revision")}";
        // Arm has no loadable microcode; its revision is all there is to name
        facts["cpu.microcode"] = First(cpu, "microcode", "CPU revision");
        facts["cpu.architecture"] = System.Runtime.InteropServices.RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
        facts["os.id"] = First(os, "ID");
        facts["os.version"] = First(os, "VERSION_ID", "VERSION_CODENAME");
        facts["os.kernel"] = Text("proc/sys/kernel/osrelease");
        if (chip.Kind == "pci")
            ReadPci(chip, facts);
        else
            ReadCpuAsAccelerator(facts);
        return facts.ToImmutable();
    }

    /// <summary>Facts that belong to the stack but need no name of their own: digests of what the kernel runs with.</summary>
    public ImmutableSortedDictionary<string, string> ReadDetail() => ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
    [
        KeyValuePair.Create("cpu flags", Sha256(First(Pairs("proc/cpuinfo", ':'), "flags", "Features"))),
        KeyValuePair.Create("kernel build", Sha256(Text("proc/sys/kernel/version"))),
        KeyValuePair.Create("kernel command line", Sha256(Text("proc/cmdline"))),
        KeyValuePair.Create("kernel taint", Text("proc/sys/kernel/tainted")),
    ]);

    public string BootId => Text("proc/sys/kernel/random/boot_id");

    private static void ReadCpuAsAccelerator(ImmutableSortedDictionary<string, string>.Builder facts)
    {
        facts["accelerator.vendor"] = facts["cpu.vendor"];
        facts["accelerator.model"] = facts["cpu.model"];
        facts["accelerator.count"] = "1";
    }

    private void ReadPci(ChipFacts chip, ImmutableSortedDictionary<string, string>.Builder facts)
    {
        var devices = Path.Combine(root, "sys/bus/pci/devices");
        var found = Directory.Exists(devices)
            ? Directory.EnumerateDirectories(devices).Where(device => Pci(device, "vendor", "device") == chip.PciId).Order(StringComparer.Ordinal).ToArray()
            : [];
        facts["accelerator.vendor"] = found.Length > 0 ? chip.Vendor : Unknown;
        facts["accelerator.model"] = found.Length > 0 ? chip.Model : Unknown;
        facts["accelerator.count"] = found.Length.ToString(CultureInfo.InvariantCulture);
        facts["accelerator.pciId"] = found.Length > 0 ? $"{Pci(found[0], "vendor", "device")}:{Pci(found[0], "subsystem_vendor", "subsystem_device")}" : Unknown;
        if (chip.KernelModule is { } module)
        {
            facts["driver.name"] = module;
            facts["driver.version"] = Text($"sys/module/{module}/version");
        }
    }

    private static string Pci(string device, string first, string second) => $"{Id(device, first)}:{Id(device, second)}";

    private static string Id(string device, string name) => Content(Path.Combine(device, name)).Trim().Replace("0x", "", StringComparison.Ordinal) is { Length: > 0 } id ? id : Unknown;

    private string Text(string path) => Printable(Content(Path.Combine(root, path)));

    /// <summary>Empty where there is no such file, or this user may not read it.</summary>
    private static string Content(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>The kernel names no Arm processor (Kunpeng, Phytium); who made it and which part it is are what it reads from the processor.</summary>
    private static string ArmModel(Dictionary<string, string> cpu) =>
        (First(cpu, "CPU implementer"), First(cpu, "CPU part")) is var (maker, part) && maker != Unknown && part != Unknown ? $"implementer {maker} part {part}" : Unknown;

    /// <summary>First value of each key; of several processors the first one speaks.</summary>
    private Dictionary<string, string> Pairs(string path, char separator)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Content(Path.Combine(root, path)).Split('\n'))
        {
            if (line.IndexOf(separator, StringComparison.Ordinal) is > 0 and var at)
                pairs.TryAdd(line[..at].Trim(), line[(at + 1)..].Trim().Trim('"', '\''));
        }

        return pairs;
    }

    private static string First(Dictionary<string, string> pairs, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (pairs.TryGetValue(key, out var value) && value.Length > 0)
                return Printable(value);
        }

        return Unknown;
    }

    private static string Printable(string text)
    {
        var trimmed = text.Trim();
        return trimmed.Length == 0 ? Unknown : string.Create(trimmed.Length, trimmed, static (span, source) =>
        {
            for (var at = 0; at < span.Length; at++)
                span[at] = source[at] is >= ' ' and <= '~' ? source[at] : '?';
        });
    }

    /// <summary>Whether it can be a value: something to be seen, of a length that a version has.</summary>
    internal static bool IsPlain(string text) => text is { Length: > 0 and <= 200 } && !string.IsNullOrWhiteSpace(text) && text.All(letter => letter is >= ' ' and <= '~');

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
