namespace Adaptation.Adapters.LlamaCpp.Tests;

public sealed class HostMemoryTests : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly string _root = Directory.CreateTempSubdirectory("adaptation-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void This_machine_says_how_much_it_has()
    {
        var memory = HostMemory.Read("/");

        Assert.InRange(memory!.Bytes, MiB, 1L << 50);
    }

    [Fact]
    public void A_system_that_says_nothing_is_not_guessed_at() => Assert.Null(HostMemory.Read(_root));

    [Fact]
    public void Without_groups_it_is_what_the_machine_has_available()
    {
        Machine(available: 700);

        Assert.Equal(new(700 * MiB, "MemAvailable of /proc/meminfo"), HostMemory.Read(_root));
    }

    [Fact]
    public void A_group_of_version_2_leaves_its_limit_less_what_cannot_be_dropped()
    {
        Machine(available: 700);
        Write("proc/self/cgroup", "0::/\n");
        Unified("", limit: "524288000", used: 400 * MiB, inactive: 100 * MiB, active: 50 * MiB); // 500 MiB

        var memory = HostMemory.Read(_root);

        Assert.Equal(250 * MiB, memory?.Bytes);
        Assert.Contains("memory.max of the control group /, 524288000 bytes", memory?.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_of_version_1_leaves_its_limit_less_what_cannot_be_dropped()
    {
        Machine(available: 700);
        Write("proc/self/cgroup", "9:cpu,cpuacct:/docker/abc\n4:hugetlb,memory:/docker/abc\n0::/docker/abc\n");
        Write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", $"{300 * MiB}\n");
        Write("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", $"{200 * MiB}\n");
        Write("sys/fs/cgroup/memory/docker/abc/memory.stat", $"inactive_file 1\ntotal_inactive_file {40 * MiB}\ntotal_active_file {10 * MiB}\n");

        Assert.Equal(150 * MiB, HostMemory.Read(_root)?.Bytes);
    }

    [Fact]
    public void In_a_container_the_topmost_group_is_its_own_though_its_path_is_the_machine_s()
    {
        Machine(available: 700);
        Write("proc/self/cgroup", "4:memory:/docker/abc\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", $"{300 * MiB}\n");
        Write("sys/fs/cgroup/memory/memory.usage_in_bytes", $"{200 * MiB}\n");

        Assert.Equal(100 * MiB, HostMemory.Read(_root)?.Bytes);
    }

    [Fact]
    public void Of_nested_groups_the_tightest_holds()
    {
        Machine(available: 700);
        Write("proc/self/cgroup", "0::/outer/inner\n");
        Unified("outer", limit: $"{300 * MiB}", used: 250 * MiB, inactive: 0, active: 0);
        Unified("outer/inner", limit: "max", used: 20 * MiB, inactive: 0, active: 0);

        Assert.Equal(50 * MiB, HostMemory.Read(_root)?.Bytes);
    }

    [Fact]
    public void A_group_beyond_its_limit_leaves_nothing()
    {
        Machine(available: 700);
        Write("proc/self/cgroup", "0::/\n");
        Unified("", limit: $"{100 * MiB}", used: 120 * MiB, inactive: 0, active: 0);

        Assert.Equal(0, HostMemory.Read(_root)?.Bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense\n")]
    [InlineData("0::/../..\n")]
    [InlineData("0::/gone\n")]
    public void What_is_said_of_groups_may_be_anything(string groups)
    {
        Machine(available: 700);
        Write("proc/self/cgroup", groups);
        Write("sys/fs/cgroup/memory.max", "a lot\n");

        Assert.Equal(700 * MiB, HostMemory.Read(_root)?.Bytes);
    }

    private void Machine(long available) => Write("proc/meminfo", $"MemTotal:       99999999 kB\nMemFree:               1 kB\nMemAvailable:   {available * 1024} kB\n");

    private void Unified(string group, string limit, long used, long inactive, long active)
    {
        var folder = Path.Combine("sys/fs/cgroup", group);
        Write(Path.Combine(folder, "memory.max"), $"{limit}\n");
        Write(Path.Combine(folder, "memory.current"), $"{used}\n");
        Write(Path.Combine(folder, "memory.stat"), $"anon 5\ninactive_file {inactive}\nactive_file {active}\n");
    }

    private void Write(string file, string text)
    {
        var path = Path.Combine(_root, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
