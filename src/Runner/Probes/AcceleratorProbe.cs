using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads which accelerators a machine has, and the versions below them: from the kernel, from files that facts name, and from the management tool. Where two sources differ, nothing is taken.</summary>
/// <param name="indices">The devices that are planned, as the chip's tools number them.</param>
internal sealed class AcceleratorProbe(Profile profile, ImmutableArray<int> indices, HostMachine machine)
{
    private ChipFacts Chip => profile.Chip;

    /// <summary>Of each field; one that is not required is absent where nothing says it.</summary>
    public static ImmutableArray<string> Required { get; } =
        ["accelerator.count", "accelerator.model", "accelerator.pciId", "accelerator.present", "accelerator.vendor", "driver.name", "driver.version", "firmware.version"];

    public static ImmutableArray<string> Optional { get; } = ["accelerator.name", "runtime.version"];

    public async Task ReadAsync(StackFacts stack, CancellationToken cancellationToken)
    {
        var all = Chip.PciId is { } id ? PciDevice.Find(machine, id) : [];
        var tool = await ManagementTool.AskAsync(profile.Facts, machine, cancellationToken);
        var (rows, strange) = tool.Of(all);
        var planned = Planned(all, rows);
        ReadDevices(stack, all, planned ?? all);
        rows = RowsOf(rows, planned);
        Keep(stack, all, planned, rows);
        var probes = await VersionProbe.ReadAsync(OnMachine(profile.Facts), machine, cancellationToken);
        SourcedValue Probed(string part) => probes.FirstOrDefault(reading => reading.Part == part) is { } reading
            ? new(reading.Place, reading.Value, reading.Problem) : new(part, null, ImageProbe.UnknownFact(profile, $"probe.{part}"));
        // a tool that speaks of other devices speaks of another machine, or of another driver than the one that is loaded
        SourcedValue Told(string field) => strange is null ? new(tool.Name ?? "", tool.Reading.Versions.GetValueOrDefault(field), tool.Problem) : new(tool.Name!, null, strange);
        stack.Take(
            "driver.version",
            Chip.KernelModule is { } module && !machine.Exists($"/sys/module/{module}")
                ? (null, $"the kernel has no module {module} (/sys/module/{module}), which the profile names: what files and tools say is of no driver that runs")
                : SourcedValue.Agreed(Probed("driver"), OfModule(), Told("driver.version")),
            isRequired: true);
        var firmware = SourcedValue.OfAll($"{tool.Name}", rows.Select(row => (row.Id, row.Firmware)));
        stack.Take("firmware.version", firmware.IsMixed ? (null, $"the planned devices differ: {firmware.Value}") : SourcedValue.Agreed(Probed("firmware"), Told("firmware.version"), firmware), isRequired: true);
        var name = SourcedValue.OfAll($"{tool.Name}", rows.Select(row => (row.Id, row.Name)));
        stack.Take("accelerator.name", name.IsMixed ? (null, $"the planned devices differ: {name.Value}") : (name.Value, null), isRequired: name.IsMixed);
        stack.Take("runtime.version", SourcedValue.Agreed(Probed("runtime")), isRequired: false);
        ToldToolkit = Told("toolkit.version");
        ProbedToolkit = Probed("toolkit");
    }

    /// <summary>What the management tool says of the toolkit; of the machine's, if it has one.</summary>
    public SourcedValue ToldToolkit { get; private set; } = new("", null, null);

    /// <summary>What a command on the machine says of the toolkit.</summary>
    public SourcedValue ProbedToolkit { get; private set; } = new("", null, null);

    private void ReadDevices(StackFacts stack, ImmutableArray<PciDevice> all, ImmutableArray<PciDevice> used)
    {
        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
        var isThere = all.Length > 0;
        var nothing = $"the machine has no PCI device {Chip.PciId ?? "of this chip, whose id the profile does not state (chip.pci)"}";
        stack.Set("accelerator.present", Text(all.Length));
        stack.Take("accelerator.vendor", (isThere ? Chip.Vendor : null, nothing), isRequired: true);
        stack.Take("accelerator.model", (isThere ? Chip.Model : null, nothing), isRequired: true);
        stack.Take("accelerator.count", all.Length >= indices.Length ? (Text(indices.Length), null) : (null, $"{indices.Length} are planned, and the machine has {all.Length} of {Chip.PciId}"), isRequired: true);
        string[] ids = [.. used.Select(device => device.Ids).OfType<string>().Distinct(StringComparer.Ordinal)];
        stack.Take("accelerator.pciId", !isThere ? (null, nothing)
            : used.FirstOrDefault(device => device.Ids is null) is { } partial ? (null, $"{partial.Unread} holds no id, and the quadruple is not whole without it")
            : ids.Length == 1 ? (ids[0], null) : (null, $"the devices are of different boards: {string.Join(", ", used.Select(device => $"{device.Address} {device.Ids}"))}"), isRequired: true);
        var unbound = used.Any(device => device.Driver is not null) ? used.FirstOrDefault(device => device.Driver is null) : null;
        string[] drivers = [.. used.Select(device => device.Driver ?? Module(device)).OfType<string>().Distinct(StringComparer.Ordinal)];
        stack.Take("driver.name", drivers.Length == 1 && unbound is null && StackProbe.IsPlain(drivers[0]) ? (drivers[0], null)
            : (null, drivers.Length > 1 ? $"the devices have different drivers: {string.Join(", ", drivers)}" : isThere ? $"no driver is bound to {(unbound ?? used[0]).Address} (/sys/bus/pci/devices/{(unbound ?? used[0]).Address}/driver)" : nothing), isRequired: true);
        foreach (var driver in drivers.Take(1).Where(driver => machine.TryRead($"/sys/module/{driver}/srcversion") is not null))
            stack.AddDetail("driver", CanonicalValue.Object.Of(("srcversion", StackProbe.Clean(machine.TryRead($"/sys/module/{driver}/srcversion")!))));
    }

    private string? Module(PciDevice device) => device.Driver is null && Chip.KernelModule is { } module && machine.Exists($"/sys/module/{module}") ? module : null;

    /// <summary>The version that the kernel knows of the module that the profile names; many modules state none.</summary>
    private SourcedValue OfModule()
    {
        if (Chip.KernelModule is not { } module)
            return new("the kernel", null, null);
        var file = $"/sys/module/{module}/version";
        return machine.TryRead(file) is { } text && StackProbe.Clean(text) is var version && version != StackProbe.Unknown ? new(file, version, null) : new(module, null, $"{file} is not there");
    }

    /// <summary>Framework and plug-in are the image's, and so is a toolkit that a file tells of.</summary>
    private static ProfileFacts OnMachine(ProfileFacts facts) => facts with
    {
        All = facts.All.RemoveRange(["probe.framework", "probe.plugin", .. facts.Probe("probe.toolkit")?.File is null ? Array.Empty<string>() : ["probe.toolkit"]]),
    };

    /// <returns>Null where nobody says which of the machine's devices have these numbers.</returns>
    private ImmutableArray<PciDevice>? Planned(ImmutableArray<PciDevice> all, ImmutableArray<DeviceSample> rows)
    {
        if (all.Length == indices.Length)
            return all;
        var byNumber = rows.Where(row => row.Bus is not null).ToLookup(row => row.Id, row => PciDevice.Normal(row.Bus!), StringComparer.Ordinal);
        var addresses = indices.SelectMany(index => byNumber[index.ToString(CultureInfo.InvariantCulture)]).ToArray();
        // where a card has several chips the tool counts cards, and facts count chips: no number means the same to both
        return addresses.Length == indices.Length ? [.. all.Where(device => addresses.Contains(device.Address))] : null;
    }

    private ImmutableArray<DeviceSample> RowsOf(ImmutableArray<DeviceSample> rows, ImmutableArray<PciDevice>? planned) =>
        planned is not { } used ? rows
        : [.. rows.Where(row => row.Bus is { } bus ? used.Any(device => device.Address == PciDevice.Normal(bus)) : used.Length == rows.Length || indices.Contains(Number(row.Id)))];

    private static int Number(string id) => int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    /// <summary>Each device of the chip, so that one that is exchanged shows; its serial only as a digest.</summary>
    private static void Keep(StackFacts stack, ImmutableArray<PciDevice> all, ImmutableArray<PciDevice>? planned, ImmutableArray<DeviceSample> rows) =>
        stack.AddDetail("devices", CanonicalValue.Of(all.Select(device =>
        {
            var uuid = rows.FirstOrDefault(row => row.Bus is { } bus && PciDevice.Normal(bus) == device.Address)?.Uuid;
            var serial = device.Serial ?? DeviceSerial.Of("management tool", uuid);
            var members = ImmutableSortedDictionary.CreateBuilder<string, CanonicalValue>(StringComparer.Ordinal);
            members["address"] = StackProbe.Clean(device.Address);
            members["ids"] = device.Ids ?? StackProbe.Unknown;
            members["planned"] = planned is { } used ? used.Contains(device) ? "yes" : "no" : StackProbe.Unknown;
            if (serial is not null)
                (members["serialSha256"], members["serialSource"]) = (serial.Sha256, serial.Source);
            return (CanonicalValue)new CanonicalValue.Object(members.ToImmutable());
        })));
}
