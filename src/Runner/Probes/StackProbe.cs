using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Reads what stack this machine has, from the kernel and never from a profile: the facts of the combination lock.</summary>
/// <param name="root">The root of the file system, so that a test can show another machine.</param>
public sealed class StackProbe(string root)
{
    /// <summary>What nothing could be read of; never filled in from elsewhere.</summary>
    public const string Unknown = "unknown";

    /// <summary>The fields that OPS-02 wants of such a chip and stack.</summary>
    /// <param name="launch">How the chip's devices get into the container; null for a CPU, and where the server runs as a plain process.</param>
    public static ImmutableArray<string> Required(Profile profile, LaunchPlan? launch) =>
    [
        "accelerator.count", "accelerator.model", "accelerator.vendor",
        "container.engine", "container.engineVersion", "container.image.sha256",
        "cpu.microcode", "cpu.model", "framework.name", "framework.version",
        "model.name", "model.sha256", "os.id", "os.kernel", "os.version", "serve.sha256",
        .. profile.Chip.Kind == "pci" ? ["accelerator.pciId", "driver.name", "driver.version", "firmware.version", "toolkit.version"] : ImmutableArray<string>.Empty,
        .. launch is null ? [] : new[] { "launch.form" },
        .. launch is { Form: LaunchForm.Toolkit } ? new[] { "runtime.version" } : [],
        .. HasPlugin(profile) ? new[] { "plugin.version" } : [],
    ];

    /// <summary>Whether the server is a framework that reaches the chip through a plug-in of the vendor's.</summary>
    internal static bool HasPlugin(Profile profile) =>
        ImageProbe.NameOf(profile.Server) == "vllm" && profile.Facts.Text("vllm.plugin") is not (null or "none");

    /// <summary>The names of what is read of a machine with such a chip; of an accelerator some are absent where nothing says them.</summary>
    public static ImmutableArray<string> Fields(ChipFacts chip) =>
    [
        .. chip.Kind == "pci"
            ? [.. AcceleratorProbe.Required, .. AcceleratorProbe.Optional, "launch.devices", "launch.form", "plugin.version", "toolkit.version"]
            : ImmutableArray.Create("accelerator.count", "accelerator.model", "accelerator.vendor"),
        "cpu.architecture", "cpu.microcode", "cpu.model", "cpu.stepping", "cpu.vendor", "os.id", "os.kernel", "os.version",
    ];

    /// <summary>Processor and operating system, dotted names to what was read; printable ASCII. Of a chip that is the processor also the accelerator.</summary>
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
        if (chip.Kind != "pci")
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

    private string Text(string path) => Printable(Content(path));

    /// <summary>Empty where there is no such file, or this user may not read it.</summary>
    private string Content(string path) => new HostMachine(root).TryRead($"/{path}") ?? "";

    /// <summary>The kernel names no Arm processor (Kunpeng, Phytium); who made it and which part it is are what it reads from the processor.</summary>
    private static string ArmModel(Dictionary<string, string> cpu) =>
        (First(cpu, "CPU implementer"), First(cpu, "CPU part")) is var (maker, part) && maker != Unknown && part != Unknown ? $"implementer {maker} part {part}" : Unknown;

    /// <summary>First value of each key; of several processors the first one speaks.</summary>
    private Dictionary<string, string> Pairs(string path, char separator)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Content(path).Split('\n'))
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

    /// <summary>What a file or a tool shows, in one line of printable ASCII.</summary>
    internal static string Clean(string text) => Printable(text.Length <= 200 ? text : text[..200]);

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
