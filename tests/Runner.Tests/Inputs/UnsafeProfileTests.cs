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
        // devices by other spellings, templates that become another device; entries that stand twice; probes of the image
        { "  devices: [/dev/./mem]", 19, "container.devices", "whoever has it has the machine", "Leave it out" },
        { "  devices: [/dev//mem]", 19, "container.devices", "whoever has it has the machine", "Leave it out" },
        { "  devices: [/dev/.]", 19, "container.devices", "`/dev/.`", "such as /dev/davinci0" },
        { "  devices: [\"/dev/chip 0\"]", 19, "container.devices", "is not a device node", "such as /dev/davinci0" },
        { "  devices: [\"/dev/chip0:/dev/mem\"]", 19, "container.devices", "is not a device node", "such as /dev/davinci0" },
        { Fact("devices.optional", "/dev/sda"), 20, "facts.devices.optional.value", "`/dev/sda`", "Leave it out" },
        { Fact("devices.each", "/dev/sda{index}"), 20, "facts.devices.each.value", "`/dev/sda{index}`", "Leave it out" },
        { Fact("devices.each", "/dev/nvme{index}n1"), 20, "facts.devices.each.value", "`/dev/nvme{index}n1`", "Leave it out" },
        { Fact("devices.each", "/dev/loop{index}"), 20, "facts.devices.each.value", "`/dev/loop{index}`", "Leave it out" },
        { Fact("devices.each", "/dev/{other}"), 20, "facts.devices.each.value", "is not a device node", "such as /dev/davinci0" },
        { "facts:\n  launch.ulimits: {value: [memlock=-1, memlock=4], source: list, confidence: seen}", 20, "facts.launch.ulimits.value", "`memlock` is there twice", "one of them" },
        { Fact("launch.ulimits", "memlock=much"), 20, "facts.launch.ulimits.value", "`memlock=much`", "such as memlock=-1" },
        { Fact("launch.ulimits", "memlock=-2"), 20, "facts.launch.ulimits.value", "`memlock=-2`", "such as memlock=-1" },
        { Fact("launch.ulimits", "nolimit=1"), 20, "facts.launch.ulimits.value", "`nolimit=1`", "such as memlock=-1" },
        { "facts:\n  launch.environment: {value: [A=1, A=2], source: list, confidence: seen}", 20, "facts.launch.environment.value", "`A` is there twice", "one of them" },
        { "facts:\n  probe.framework: {value: {command: [npu-smi, info], pattern: '(.+)'}, source: list, confidence: seen}", 20, "facts.probe.framework.value.command", "is never carried out", "`file`" },
        { "facts:\n  probe.plugin: {value: {file: /proc/1/environ, pattern: '(.+)'}, source: list, confidence: seen}", 20, "facts.probe.plugin.value.file", "`/proc/1/environ`", "such as" },
        // keys and sources
        { "  memroy: 2GiB", 19, "container.memroy", "is not a known key", "known here: " },
        { "facts:\n  launch.shm: {value: 1GiB, confidence: seen}", 20, "facts.launch.shm.source", "is missing", "Name a key of `sources`" },
        { "facts:\n  launch.shm: {value: 1GiB, source: [], confidence: seen}", 20, "facts.launch.shm.source", "is missing", "Name a key of `sources`" },
        { "facts:\n  launch.shm: {value: 1GiB, source: hearsay, confidence: seen}", 20, "facts.launch.shm.source", "`hearsay`", "state there where the fact comes from" },
        { "facts:\n  launch.sham: {value: 1GiB, source: list, confidence: seen}", 20, "facts.launch.sham", "is not a known key", "known here: " },
    };

    /// <summary>Many of a kind: what must not be said of a machine.</summary>
    private static IEnumerable<(string Mistake, int Line, string Key, string Why, string Remedy)> Kinds =>
    [
        .. new[] { "char/1:1", "kmem", "port", "kmsg", "mapper/root", "disk/by-id/x", "dm-0", "loop0", "loop-control", "vfio/vfio", "fuse", "net/tun", "vhost-net", "fd/3", "stdin", "core", "tty", "ptmx", "ttyS0", "hpet", "watchdog0", "rtc0", "initctl", "sr0", "zd0", "nbd0", "bsg/0:0:0:0", "btrfs-control", "rfkill", "uhid", "i2c-1", "gpiochip0", "snd/seq", "ram0", "zram0", "pmem0", "ng0n1", "tpm0", "mei0", "ipmi0", "hidraw0", "autofs", "cpu_dma_latency", "userfaultfd", "vsock", "log" }
            .Select(node => ($"  devices: [\"/dev/{node}\"]", 19, "container.devices", "whoever has it has the machine", "Leave it out")),
        .. new[] { "/etc/shadow", "/etc/ssh", "/etc", "/etc/kubernetes", "/etc/krb5.keytab", "/var/lib/kubelet", "/var/run", "/tmp", "/tmp/x", "/root", "/home", "/home/x/.ssh", "/srv", "/mnt/disk", "/media", "/boot/grub", "/data", "/var/log", "/var/spool/cron", "/opt/app/.env", "/usr/local/etc/app", "/usr/lib/ssl/private", "/sys/fs/cgroup", "/sys/firmware/efi", "/sys/kernel/security" }
            .Select(source => (Mount($"{source}:/opt/driver"), 20, "facts.launch.mounts.value", $"`{source}:/opt/driver`", "eave it out|such as /usr/local/dcmi")),
        .. new[] { "/usr/lib/x86_64-linux-gnu", "/usr/bin", "/bin", "/lib", "/etc", "/usr/lib", "/app", "/usr", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/local/lib/python3.11/site-packages/vllm", "/usr/lib/python3/dist-packages", "/opt", "/opt/conda/lib", "/opt/vllm", "/opt/venv", "/root", "/home", "/workspace", "/vllm-workspace", "/etc/ld.so.preload", "/etc/passwd", "/sbin", "/lib64", "/var", "/usr/local/Ascend/python/site-packages", "/usr/bin/python3", "/sys/class" }
            .Select(target => (Mount($"/opt/driver:{target}"), 20, "facts.launch.mounts.value", $"cover {target} in the container", "behind the colon")),
        .. new[] { "docker", "disk", "shadow", "root", "sudo", "wheel", "0", "00", "kmem", "lxd", "adm", "podman" }
            .Select(group => (Fact("launch.groups", group), 20, "facts.launch.groups.value", $"`{group}`", "such as video")),
        .. new[] { "much", "1", "1.5GiB", "32GB", "-1GiB", "0GiB", "99999999999TiB", "2TiB" }
            .Select(size => ($"facts:\n  launch.shm: {{value: \"{size}\", source: list, confidence: seen}}", 20, "facts.launch.shm.value", $"`{size}`", "such as 32GiB")),
        .. new[] { "/etc/shadow", "/etc/ssh/ssh_host_ed25519_key", "/root/.ssh/id_rsa", "/home/x/version", "/proc/1/environ", "/proc/self/environ", "/proc/kcore", "/proc/kmsg", "/proc/sys/kernel/random/boot_id", "/dev/mem", "/run/secrets/x", "/var/run/secrets/x", "/tmp/version", "/usr/local/etc/key", "/opt/app/.env", "/usr/lib/ssl/private/key.pem", "/usr//../etc/shadow", "version.info", "/", "/srv/x" }
            .Select(file => ($"facts:\n  probe.driver: {{value: {{file: \"{file}\", pattern: '(.+)'}}, source: list, confidence: seen}}", 20, "facts.probe.driver.value.file", $"`{file}`", "such as /usr/local/Ascend/driver/version.info")),
        .. new[]
            {
                "sh, -c, id", "/bin/sh", "bash", "/tmp/npu-smi, info", "/home/x/cnmon", "../npu-smi", "rpm, --eval, x", "rpm, -q, --eval, x", "rpm, -qp, /etc/shadow", "modinfo, /root/x.ko", "modinfo, -k, x, y", "dpkg-query, --admindir=/tmp, -W, x", "cat, /etc/shadow", "cat, \"-\", /usr/x", "cat, /usr/a, /usr/b",
                "strings, -f, /usr/x", "strings, /etc/shadow", "npu-smi, set, -t, reset", "npu-smi, upgrade", "ixsmi, -r", "ixsmi, -q, -f, out", "hy-smi, --setsclk, \"1\"", "mx-smi, --reset", "lscpu, --sysroot=/root", "python3, -c, x", "env, npu-smi", "npu-smi, info;id", "npu-smi, info, \"$(id)\"", "\"npu-smi info\"",
            }
            .Select(command => ($"facts:\n  probe.driver: {{value: {{command: [{command}], pattern: '(.+)'}}, source: list, confidence: seen}}", 20, "facts.probe.driver.value.command", "`", "allowed are|allowed is|such as")),
        .. new[] { "sh, -c, id", "cat, /etc/shadow", "cat, /opt/app/secret", "strings, /usr/lib/x.so", "cat, /proc/self/environ", "npu-smi, set", "\"\"" }
            .Select(command => ($"facts:\n  telemetry.command: {{value: [{command}], source: list, confidence: seen}}", 20, "facts.telemetry.command.value", "`", "allowed are|allowed is|such as")),
    ];

    [Fact]
    public void What_would_open_the_machine_is_refused_in_each_spelling()
    {
        var accepted = Kinds.Where(kind => !Fits(kind.Mistake, kind.Line, kind.Key, kind.Why, kind.Remedy)).Select(kind => kind.Mistake).ToArray();

        Assert.True(accepted.Length == 0, string.Join('\n', accepted));
    }

    private bool Fits(string mistake, int line, string key, string why, string remedy) => Mistaken(mistake) is [var only] && (only.File, only.Line, only.Key) == ("p.yaml", line, key)
        && only.Message.Contains(why, StringComparison.Ordinal) && remedy.Split('|').Any(one => only.Message.Contains(one, StringComparison.OrdinalIgnoreCase));

    [Theory, MemberData(nameof(Mistakes))]
    public void A_mistake_is_named_with_file_line_key_and_remedy(string mistake, int line, string key, string why, string remedy)
    {
        var problem = Assert.Single(Mistaken(mistake));

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
    [InlineData("/usr/lib/x86_64-linux-gnu/libvendor-ml.so.1")]
    [InlineData("/usr/bin/mx-smi")]
    [InlineData("/opt/newcomer/driver/lib64")]
    public void Files_of_a_driver_may_be_mounted(string mount) => Assert.Empty(Read(Profile.Replace("facts:\n  devices.each", "#facts:\n  #devices.each", StringComparison.Ordinal).Replace("#HERE", Mount(mount), StringComparison.Ordinal)));

    [Theory]
    [InlineData("launch.mounts: {value: [/opt/stack], source: list, confidence: seen}\n  probe.framework: {value: {file: /opt/stack/version.txt, pattern: '(.+)'}, source: list, confidence: seen}")]
    [InlineData("launch.mounts: {value: [/opt/bin], source: list, confidence: seen}")]
    public void What_is_started_and_what_says_its_version_is_not_covered(string facts)
    {
        var problem = Assert.Single(Read(Profile.Replace("command: [/serve]", "command: [/opt/bin/serve]", StringComparison.Ordinal).Replace("facts:\n  devices.each", $"facts:\n  {facts}\n  devices.each", StringComparison.Ordinal)));

        Assert.Equal(("serve", 8), (problem.Key, problem.Line)); // where what it holds begins
        Assert.Contains("would cover /opt/", problem.Message, StringComparison.Ordinal);
    }

    [Theory] // driver by file or by command, whole
    [InlineData("probe.driver: {value: {file: /sys/module/hycu/version, pattern: '(.+)'}")]
    [InlineData("probe.driver: {value: {file: /proc/driver/newcomer/version, pattern: '(.+)'}")]
    [InlineData("probe.driver: {value: {file: /opt/newcomer/version.txt, pattern: '(.+)'}")]
    [InlineData("probe.driver: {value: {file: /etc/newcomer/driver-version, pattern: '(.+)'}")]
    [InlineData("probe.driver: {value: {command: [/opt/newcomer/bin/ixsmi, -q], pattern: '(.+)'}")]
    [InlineData("probe.driver: {value: {command: [modinfo, -F, version, devdrv], pattern: '(.+)'}")]
    [InlineData("probe.driver: {value: {command: [rpm, -q, driver-kmod], pattern: '(.+)'}")]
    [InlineData("probe.driver: {value: {command: [dpkg-query, -W, '-f=${Version}', driver-dkms], pattern: '(.+)'}")]
    [InlineData("probe.driver: {value: {command: [strings, /usr/lib/libvendor.so], pattern: '(.+)'}")]
    [InlineData("probe.framework: {value: {file: /app/version.txt, pattern: '(.+)'}")] // of the image: any file
    public void What_a_driver_says_of_itself_may_be_read(string fact) => Assert.Empty(Mistaken($"facts:\n  {fact}, source: list, confidence: seen}}"));

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

    private List<Problem> Mistaken(string mistake)
    {
        var profile = mistake.StartsWith("facts:", StringComparison.Ordinal) // the key may stand but once
            ? Profile.Replace("facts:\n  devices.each", "#facts:\n  #devices.each", StringComparison.Ordinal) : Profile;
        return [.. Read(profile.Replace("#HERE", mistake, StringComparison.Ordinal)).Where(problem => problem.Key != "sources")]; // the source may be left uncited by the mistake
    }

    private static string Fact(string key, string value) => $"facts:\n  {key}: {{value: [\"{value}\"], source: list, confidence: seen}}";

    private static string Mount(string mount) => $"facts:\n  launch.mounts: {{value: [\"{mount}\"], source: list, confidence: seen}}";

    private List<Problem> Read(string profile)
    {
        var problems = new List<Problem>();
        ProfileReader.TryRead(_folder.Write("p.yaml", profile), "p.yaml", _folder.Path, problems);
        return problems;
    }
}
