using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>A profile that would open the machine to what it tests, or that is wrong, is refused with file, line, key and what to write instead.</summary>
public sealed class UnsafeProfileTests : IDisposable
{
    // the mistake stands in line 19 of the file, or in the line that a row names
    private const string Profile = """
        schema: adaptation.profile/v1
        id: generic/test
        name: {en: Test, zh: 测试}
        sources: {list: "vendor/list@1"}
        chip: {vendor: generic, model: NPU, kind: pci, pci: "19e5:d802"}
        image: {folder: containers/x, base: "vendor/image:1.2"}
        serve:
          protocol: open-inference
          listen: unix
          ready_within: 5s
          answer_within: 5s
          command: [/serve]
        facts:
          devices.each: {value: ["/dev/chip{index}"], source: list, confidence: seen}
        container:
          memory: 1GiB
          cpus: 1
          pids: 64
        #HERE

        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, int, string, string, string> Mistakes => new()
    {
        // what no exception allows
        { "  weaknesses: {privileged: true}", 19, "container.weaknesses.privileged", "has the whole machine", "--form toolkit" },
        { "  privileged: true", 19, "container.privileged", "has the whole machine", "Leave it out" },
        { "  host_network: true", 19, "container.host_network", "everything that the machine reaches", "`serve.listen`" },
        { "  network_mode: host", 19, "container.network_mode", "everything that the machine reaches", "Leave it out" },
        { "  weaknesses: {host_pid: true}", 19, "container.weaknesses.host_pid", "processes", "Leave it out" },
        { "  weaknesses: {host_ipc: true}", 19, "container.weaknesses.host_ipc", "memory", "`launch.shm`" },
        { "  pid: host", 19, "container.pid", "processes", "Leave it out" },
        { "  security_opt: [seccomp=unconfined]", 19, "container.security_opt", "not switched off", "Leave it out" },
        { "  seccomp: unconfined", 19, "container.seccomp", "not switched off", "Leave it out" },
        { "  weaknesses:\n    capabilities:\n      - IPC_LOCK\n      - SYS_ADMIN", 22, "container.weaknesses.capabilities", "`SYS_ADMIN`", "IPC_LOCK" },
        { "  weaknesses: {capabilities: [ALL]}", 19, "container.weaknesses.capabilities", "`ALL`", "IPC_LOCK" },
        { "  volumes: [\"/:/host\"]", 19, "container.volumes", "launch.mounts", "with a source" },
        { "  runtime: ascend", 19, "container.runtime", "`launch.runtime`", "--form toolkit" },
        // devices
        { "  devices:\n    - /dev/chip0\n    - /etc/shadow", 21, "container.devices", "`/etc/shadow`", "such as /dev/davinci0" },
        { "  devices: [/dev/]", 19, "container.devices", "`/dev/`", "such as /dev/davinci0" },
        { "  devices: [/dev/../etc/shadow]", 19, "container.devices", "is not a device node", "such as /dev/davinci0" },
        { "  devices: [/dev/mem]", 19, "container.devices", "whoever has it has the machine", "Leave it out" },
        { "  devices: [/dev/vda1]", 19, "container.devices", "disk", "Leave it out" },
        { "  devices: [/dev/nvme0n1]", 19, "container.devices", "disk", "Leave it out" },
        { "facts:\n  devices.shared: {value: [/dev/sda], source: list, confidence: seen}", 20, "facts.devices.shared.value", "`/dev/sda`", "Leave it out" },
        // mounts
        { Mount("/"), 20, "facts.launch.mounts.value", "as a whole", "such as /usr/local/dcmi" },
        { Mount("//.:/host"), 20, "facts.launch.mounts.value", "as a whole", "such as /usr/local/dcmi" },
        { Mount("/usr/"), 20, "facts.launch.mounts.value", "/usr of the machine", "such as /usr/local/dcmi" },
        { Mount("/dev"), 20, "facts.launch.mounts.value", "one by one", "`devices`" },
        { Mount("/dev/sda"), 20, "facts.launch.mounts.value", "one by one", "`devices`" },
        { Mount("/proc"), 20, "facts.launch.mounts.value", "every process", "leave it out" },
        { Mount("/proc/1/root"), 20, "facts.launch.mounts.value", "every process", "leave it out" },
        { Mount("/sys"), 20, "facts.launch.mounts.value", "/sys of the machine", "such as /usr/local/dcmi" },
        { Mount("/var/run/docker.sock"), 20, "facts.launch.mounts.value", "commands the machine", "leave it out" },
        { Mount("/run/containerd/containerd.sock:/c.sock"), 20, "facts.launch.mounts.value", "commands the machine", "leave it out" },
        { Mount("/run/podman"), 20, "facts.launch.mounts.value", "commands the machine", "leave it out" },
        { Mount("/var/run/crio/crio.sock"), 20, "facts.launch.mounts.value", "commands the machine", "leave it out" },
        { Mount("/opt/engine-of-mine/docker.sock"), 20, "facts.launch.mounts.value", "commands the machine", "leave it out" },
        { Mount("/var/lib/docker/volumes"), 20, "facts.launch.mounts.value", "container engine's own", "leave it out" },
        { Mount("/opt/../etc/shadow"), 20, "facts.launch.mounts.value", "`..`", "write the path out" },
        { Mount("/opt/driver:/opt/driver:rw"), 20, "facts.launch.mounts.value", "read-only, always", "`serve.cache`" },
        { Mount("driver"), 20, "facts.launch.mounts.value", "not an absolute path", "such as /usr/local/dcmi" },
        { Mount("/opt/driver:/dev/shm/driver"), 20, "facts.launch.mounts.value", "would cover /dev", "behind the colon" },
        { Mount("/opt/driver:/run/adaptation"), 20, "facts.launch.mounts.value", "would cover /run/adaptation", "behind the colon" },
        // keys and sources
        { "  memroy: 2GiB", 19, "container.memroy", "is not a known key", "known here: " },
        { "facts:\n  launch.shm: {value: 1GiB, confidence: seen}", 20, "facts.launch.shm.source", "is missing", "Name a key of `sources`" },
        { "facts:\n  launch.shm: {value: 1GiB, source: [], confidence: seen}", 20, "facts.launch.shm.source", "is missing", "Name a key of `sources`" },
        { "facts:\n  launch.shm: {value: 1GiB, source: hearsay, confidence: seen}", 20, "facts.launch.shm.source", "`hearsay`", "state there where the fact comes from" },
        { "facts:\n  launch.sham: {value: 1GiB, source: list, confidence: seen}", 20, "facts.launch.sham", "is not a known key", "known here: " },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void A_mistake_is_named_with_file_line_key_and_remedy(string mistake, int line, string key, string why, string remedy)
    {
        var profile = mistake.StartsWith("facts:", StringComparison.Ordinal) // the key may stand but once
            ? Profile.Replace("facts:\n  devices.each", "#facts:\n  #devices.each", StringComparison.Ordinal) : Profile;

        var problem = Assert.Single(Read(profile.Replace("#HERE", mistake, StringComparison.Ordinal)), problem => problem.Key != "sources"); // the source may be left uncited by the mistake

        Assert.Equal(("p.yaml", line, key), (problem.File, problem.Line, problem.Key));
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/usr/local/dcmi")]
    [InlineData("/opt/hyhal:/opt/hyhal")]
    [InlineData("/etc/ascend_install.info")]
    [InlineData("/sys/class/socinfo")]
    [InlineData("/lib/modules")]
    public void Files_of_a_driver_may_be_mounted(string mount) => Assert.Empty(Read(Profile.Replace("facts:\n  devices.each", "#facts:\n  #devices.each", StringComparison.Ordinal).Replace("#HERE", Mount(mount), StringComparison.Ordinal)));

    [Fact]
    public void What_an_exception_may_excuse_may_still_be_asked_for()
    {
        var problems = new List<Problem>();
        var read = ProfileReader.TryRead(_folder.Write("p.yaml", Profile.Replace("#HERE", "  user: \"0:0\"\n  devices: [/dev/vdavinci0, /dev/hdc_chip]\n  weaknesses: {writable_root: true, may_gain_privileges: true, capabilities: [IPC_LOCK]}", StringComparison.Ordinal)), "p.yaml", _folder.Path, problems)!;

        Assert.Empty(problems);
        Assert.Equal(("0:0", true, "IPC_LOCK"), (read.Container.User, read.Container.Weaknesses.WritableRoot, Assert.Single(read.Container.Weaknesses.Capabilities)));
    }

    [Theory]
    [InlineData("vendor/image:1.2", false)]
    [InlineData("vendor/image:latest", false)]
    [InlineData("vendor/image", false)]
    [InlineData("debian.example.com/image:12", false)]
    [InlineData("debian:12-slim", true)] // made here of signed packages, or pulled: the lock has the digest
    [InlineData("vendor/image:1.2@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true)]
    public void The_full_suite_wants_the_base_by_digest(string origin, bool isPinned)
    {
        using var run = new GivenRun(profile: GivenRun.Profile.Replace("base: scratch", $"base: \"{origin}\"", StringComparison.Ordinal));
        var standard = run.Request.Standard;
        File.WriteAllText(
            Path.Combine(run.Root, "standard", standard, "catalogue.yaml"),
            File.ReadAllText(Path.Combine(run.Root, "standard", standard, "catalogue.yaml")).Replace("\n  short:", "\n  full:", StringComparison.Ordinal));
        var problems = Problems(() => RunInputs.Read(run.Request with { Suite = "full" }));

        if (isPinned)
            Assert.Empty(problems);
        else
        {
            var problem = Assert.Single(problems);
            Assert.Equal(("image.base", 6), (problem.Key, problem.Line));
            Assert.Contains("hardware-profiles/p.yaml", problem.File, StringComparison.Ordinal);
            Assert.Contains("RepoDigests", problem.Message, StringComparison.Ordinal);
        }
    }

    private static ImmutableArray<Problem> Problems(Action read) => Record.Exception(read) is BadInputException bad ? bad.Problems : [];

    private static string Mount(string mount) => $"facts:\n  launch.mounts: {{value: [\"{mount}\"], source: list, confidence: seen}}";

    private List<Problem> Read(string profile)
    {
        var problems = new List<Problem>();
        ProfileReader.TryRead(_folder.Write("p.yaml", profile), "p.yaml", _folder.Path, problems);
        return problems;
    }
}
