namespace Adaptation.Certificates.Tests;

public sealed class TestedStackTests
{
    private static readonly (string, string)[] Npu =
    [
        ("accelerator.vendor", "huawei"), ("accelerator.model", "Ascend 910B3"), ("accelerator.count", "2"), ("accelerator.pciId", "19e5:d802:19e5:4000"),
        ("cpu.vendor", "HiSilicon"), ("cpu.model", "Kunpeng-920"), ("driver.name", "davinci"), ("driver.version", "25.2.0"), ("firmware.version", "unknown"),
    ];

    private static readonly (string, string)[] Cpu =
    [
        ("accelerator.vendor", "GenuineIntel"), ("accelerator.model", "Xeon"), ("accelerator.count", "1"), ("cpu.vendor", "GenuineIntel"), ("cpu.model", "Xeon"), ("cpu.microcode", "0x2a"),
        ("container.image.base", "debian:12-slim"), ("container.image.baseSha256", "bb"), ("container.image.baseRegistry", "debian@sha256:cc"),
    ];

    public static TheoryData<bool, string, string> Parts => new()
    {
        { false, "chip", "2 x huawei Ascend 910B3 PCI 19e5:d802:19e5:4000" },
        { false, "driver", "davinci 25.2.0" },
        { false, "firmware", "unknown: not read" },
        { false, "toolkit", "not recorded" },
        { false, "base", "not recorded" },
        { true, "chip", "1 x GenuineIntel Xeon" },
        { true, "driver", "none: a processor has none of its own" },
        { true, "firmware", "microcode 0x2a" },
        { true, "toolkit", "none: a processor has none of its own" },
        { true, "base", "debian:12-slim  sha256:bb  registry debian@sha256:cc" },
    };

    [Theory]
    [MemberData(nameof(Parts))]
    public void Every_part_is_told_and_what_is_absent_says_why(bool isCpu, string part, string text)
    {
        var stack = TestedStack.Of((isCpu ? Cpu : Npu).ToDictionary(field => field.Item1, field => field.Item2, StringComparer.Ordinal));

        Assert.Equal(text, Assert.Single(stack, line => line.Part == part).Text.En);
    }

    [Fact]
    public void No_part_is_left_out_of_an_empty_combination()
    {
        var stack = TestedStack.Of(new Dictionary<string, string>(StringComparer.Ordinal));

        Assert.Equal(["chip", "driver", "firmware", "toolkit", "framework", "image", "base", "system"], stack.Select(line => line.Part));
        Assert.All(stack, line => Assert.NotEmpty(line.Text.Zh));
    }
}
