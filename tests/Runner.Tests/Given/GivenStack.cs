using System.Collections.Immutable;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>A shipped profile of a vendor, a simulated machine and an image, of which a test reads the stack as a run would.</summary>
internal sealed class GivenStack : IDisposable
{
    private readonly GivenRun _run = new();

    /// <param name="profile">Below hardware-profiles/.</param>
    /// <param name="pciId">Vendor and device, which shipped profiles mostly do not know.</param>
    /// <param name="indices">Devices that are planned.</param>
    public GivenStack(string profile, string pciId, params ImmutableArray<int> indices)
    {
        var problems = new List<Problem>();
        var file = ProfileReader.TryReadFile(Path.Combine(Golden.Root, "hardware-profiles", $"{profile}.yaml"), $"hardware-profiles/{profile}.yaml", Golden.Root, problems);
        Assert.Empty(problems);
        Profile = file!.Stack! with { Chip = file.Stack.Chip with { PciId = pciId, Count = indices.Length } };
        Launch = new(LaunchForm.Plain, indices);
    }

    public SimulatedMachine Machine { get; } = new SimulatedMachine()
        .File("/proc/cpuinfo", "vendor_id : HygonGenuine\ncpu family : 24\nmodel : 2\nmodel name : Hygon C86 7285\nstepping : 2\nmicrocode : 0x80901047\n")
        .File("/etc/os-release", "ID=openEuler\nVERSION_ID=22.03\n").File("/proc/sys/kernel/osrelease", "5.10.0\n");

    public Profile Profile { get; set; }

    public LaunchPlan? Launch { get; set; }

    /// <summary>Files of the image.</summary>
    public Dictionary<string, string> Image => _run.Engine.Files;

    public Prepared Prepared => _run.Prepared with { Inputs = _run.Prepared.Inputs with { Profile = Profile, Engine = null }, Launch = Launch };

    /// <summary>A board on the bus, with a driver bound to it.</summary>
    public GivenStack Board(string address, string ids, string driver, string? serial = null)
    {
        Machine.Pci(address, ids[..9], ids[10..]).Link($"/sys/bus/pci/devices/{address}/driver", $"../../../bus/pci/drivers/{driver}");
        if (serial is not null)
            Machine.File($"/sys/bus/pci/devices/{address}/serial_number", $"{serial}\n");
        return this;
    }

    /// <summary>States a fact that the shipped files do not know.</summary>
    public GivenStack Knows(string key, FactValue value)
    {
        Profile = Profile with { Facts = Profile.Facts with { All = Profile.Facts.All.SetItem(key, new Fact(key, Profile.File, 1, value, ["a test"], FactConfidence.Seen, "")) } };
        return this;
    }

    public Task<StackFacts> ReadAsync() => LockCapture.ReadAsync(Prepared, new HostMachine(Machine.Root), TestContext.Current.CancellationToken);

    public async Task<CombinationLock> LockAsync() => LockCapture.LockOf(await ReadAsync());

    /// <summary>What OPS-02 says of what was read.</summary>
    public async Task<Verdict> JudgeAsync()
    {
        var read = await ReadAsync();
        var plan = RunPlanner.Plan("run", Prepared, KeyEnvironment.Test, MeterSurvey.None);
        return Judge.Run(Prepared.Inputs.Standard, new Evidence(plan, [VersionStep.Of(read.Facts, read.Unread)], InMemoryFiles.Empty)).Findings.Single(finding => finding.Check == "OPS-02").Verdict;
    }

    public static string Sample(string name) => File.ReadAllText(Path.Combine(Golden.Root, "tests/Runner.Tests/Telemetry/samples", name));

    public void Dispose()
    {
        Machine.Dispose();
        _run.Dispose();
    }
}
