using System.Diagnostics;
using Adaptation.Certificates;

namespace Adaptation.Runner.Tests;

public class ProbeTests
{
    private static readonly ChipFacts Cpu = new("generic", "CPU", "cpu", 1, null, null);
    private static readonly ChipFacts Npu = new("huawei", "Ascend 910B", "pci", 8, "19e5:d802", "davinci");

    public static TheoryData<string, string, string> Processors => new()
    {
        { "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Intel(R) Xeon(R) Platinum\nstepping\t: 8\nmicrocode\t: 0x2b\n\nmodel name\t: other", "GenuineIntel", "Intel(R) Xeon(R) Platinum" },
        { "vendor_id : HygonGenuine\nmodel name : Hygon C86 7285 32-core Processor", "HygonGenuine", "Hygon C86 7285 32-core Processor" },
        { "processor\t: 0\nCPU implementer\t: 0x48\nCPU architecture: 8\nCPU part\t: 0xd01\nCPU revision\t: 0", "0x48", "implementer 0x48 part 0xd01" },
        { "system type\t: generic-loongson-machine\nCPU Family\t: Loongson-64bit\nModel Name\t: Loongson-3C5000", "Loongson-64bit", "Loongson-3C5000" },
        { "", "unknown", "unknown" },
        { "model name :", "unknown", "unknown" },
        { "model name : 龙\u0007芯", "unknown", "???" },
    };

    [Theory, MemberData(nameof(Processors))]
    public void A_processor_is_named_by_what_the_kernel_read(string cpuinfo, string vendor, string model)
    {
        using var root = new TempFolder();
        root.Write("proc/cpuinfo", cpuinfo);
        var facts = new StackProbe(root.Path).Read(Cpu);
        Assert.Equal((vendor, model, vendor, "1"), (facts["cpu.vendor"], facts["cpu.model"], facts["accelerator.vendor"], facts["accelerator.count"]));
    }

    [Fact]
    public void On_a_machine_that_shows_nothing_all_is_unknown_and_nothing_is_taken_from_the_profile()
    {
        using var root = new TempFolder();
        var facts = new StackProbe(root.Path).Read(Npu);
        foreach (var name in new[] { "cpu.model", "cpu.microcode", "os.id", "os.version", "os.kernel" })
            Assert.Equal(StackProbe.Unknown, facts[name]);
        Assert.DoesNotContain(facts.Keys, name => name.StartsWith("accelerator.", StringComparison.Ordinal));
        Assert.Equal(StackProbe.Unknown, new StackProbe(root.Path).BootId);
    }

    [Fact]
    public void A_folder_where_a_file_should_be_is_unknown()
    {
        using var root = new TempFolder();
        root.Write("proc/cpuinfo/odd", "");
        Assert.Equal(StackProbe.Unknown, new StackProbe(root.Path).Read(Cpu)["cpu.model"]);
    }

    [Fact]
    public void Dotted_names_nest_and_a_name_that_is_also_a_beginning_is_our_mistake()
    {
        var nested = LockCapture.Nest([KeyValuePair.Create("a.b", "1"), KeyValuePair.Create("a.c.d", "2"), KeyValuePair.Create("e", "3")]);
        Assert.Equal("2", ((CanonicalValue.Object)((CanonicalValue.Object)nested.TryGet("a")!).TryGet("c")!).TryText("d"));
        Assert.Throws<InvalidOperationException>(() => LockCapture.Nest([KeyValuePair.Create("a", "1"), KeyValuePair.Create("a.b", "2")]));
    }

    [Fact]
    public void The_network_of_this_process_can_be_read_and_that_of_none_cannot()
    {
        Assert.NotNull(ContainerProbe.TryReadNetwork(Environment.ProcessId));
        Assert.Null(ContainerProbe.TryReadNetwork(int.MaxValue));
    }

    [Theory]
    [InlineData("true", false)]
    [InlineData("exec 3<>/dev/udp/192.0.2.1/53", true)]
    [InlineData("exec 3<>/dev/tcp/192.0.2.1/80", true)]
    [InlineData("exec 3<>/dev/udp/2001:db8::1/53", true)]
    public async Task What_a_server_without_a_network_tries_to_send_is_counted(string attempt, bool counted)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "a network namespace of one's own takes root");
        var isIpv6 = attempt.Contains("::", StringComparison.Ordinal);
        Assert.SkipWhen(isIpv6 && !File.Exists("/usr/sbin/ip"), "without iproute2 the loopback stays down, and then the kernel refuses IPv6 before it looks for a route");
        var start = new ProcessStartInfo("unshare", ["-n", "bash", "-c", $"{(isIpv6 ? "ip link set lo up; " : "")}({attempt}) 2>/dev/null; echo ready; read end"]) { RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        var counts = ContainerProbe.TryReadNetwork(process.Id);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0L, counted), (counts!.PacketsOut, counts.Refused > 0));
        Assert.Null(ContainerProbe.TryReadNetwork(process.Id));
    }
}
