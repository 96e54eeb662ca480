using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>A machine with three chips, and an engine whose container shows the folder that lies below /proc of that machine.</summary>
internal sealed class DeviceStand : IDisposable
{
    public const string Profile = """
        sources: {t: a test}
        facts:
          devices.each: {value: ["/dev/chip{index}"], source: t, confidence: seen}
          devices.shared: {value: [/dev/chip_ctl], source: t, confidence: seen}
          devices.optional: {value: [/dev/chip_video, /dev/absent], source: t, confidence: seen}

        """;

    private readonly SimulatedMachine _machine = new();
    private readonly Action<DeviceStand> _starting;

    public DeviceStand(Action<DeviceStand> starting, string suite = "short", string more = "streams: 2", string profile = Profile, string kind = "kind: pci, pci: \"19e5:d802\"")
    {
        _starting = starting;
        Given = new GivenRun(suite, profile: profile + GivenRun.Profile.Replace("streams: 2", more, StringComparison.Ordinal).Replace("kind: cpu", kind, StringComparison.Ordinal));
        Fill(Path.Join(_machine.Root, "dev"), "chip0 c 240 0", "chip1 c 240 1", "chip2 c 240 2", "chip_ctl c 241 0", "chip_video c 242 0");
        _machine.Node("/dev/dri/card0", 226, 0);
        for (var at = 0; at < 3; at++)
            _machine.Pci($"0000:c{at}:00.0", "19e5:d802");
        Given.Engine.Starting = container =>
        {
            if (container.IsEcho)
                return;
            if (Directory.Exists(Path.GetDirectoryName(InsidePlace)))
                Directory.Delete(Path.GetDirectoryName(InsidePlace)!, recursive: true);
            Fill(InsidePlace, "chip0 c 240 0", "chip_ctl c 241 0", "null c 1 3");
            _starting(this);
        };
        var isProcessor = kind == "kind: cpu";
        Given.Prepared = Given.Prepared with
        {
            Machine = new HostMachine(_machine.Root),
            Launch = isProcessor ? null : Plan(),
            OfProcessor = ServerDevices.OfProcessor(Given.Prepared.Inputs.Profile, Given.Engine.Description, new HostMachine(_machine.Root)),
        };
    }

    public SimulatedMachine Machine => _machine;

    public GivenRun Given { get; }

    private string InsidePlace => Path.Join(_machine.Root, $"proc/{Environment.ProcessId}/root/dev");

    public LaunchPlan Plan()
    {
        var (profile, host, engine) = (Given.Prepared.Inputs.Profile, new HostMachine(_machine.Root), Given.Engine.Description);
        return ServerDevices.Counted(profile, LaunchDecision.Plan(profile, LaunchChoice.Default, engine, host)!, engine, host);
    }

    public void Inside(string script) => Shell(InsidePlace, script);

    public void Host(string script) => Shell(Path.Join(_machine.Root, "dev"), script);

    public Task<Judgement> RunAsync() => Given.Conductor().StartAsync(Given.Prepared, Given.Runs, TestContext.Current.CancellationToken);

    public CanonicalValue.Object[] Events(string kind) =>
        [.. ConductorTests.Journal(Given.Only()).Entries.Where(entry => entry.Kind == kind).Select(entry => entry.Data)];

    public string? Lock(string group, string name) =>
        ((CanonicalValue.Object)CombinationLock.Read(File.ReadAllBytes(Given.Only().Lock)).Combination.TryGet(group)!).TryText(name);

    public void Dispose()
    {
        Given.Dispose();
        _machine.Dispose();
    }

    private static void Fill(string folder, params string[] nodes)
    {
        Directory.CreateDirectory(folder);
        Shell(folder, string.Join('\n', nodes.Select(node => $"mknod {node}")));
    }

    private static void Shell(string folder, string script)
    {
        using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh", ["-e", "-c", script]) { WorkingDirectory = folder })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
