using System.Buffers.Binary;
using System.Collections.Immutable;
using Adaptation.Certificates;

namespace Adaptation.Runner.Tests;

/// <summary>The parts that a lock is made of, each by itself.</summary>
public sealed class LockPartsTests
{
    [Theory]
    [InlineData("N/A")]
    [InlineData("")]
    [InlineData("   \n")]
    [InlineData("0x0000000000000000")]
    [InlineData("00000000")]
    [InlineData("FF-FF-ff")]
    [InlineData("序列号")]
    [InlineData("None")]
    public void What_is_no_serial_is_none(string text) => Assert.Null(DeviceSerial.Of("sysfs serial_number", text));

    [Fact]
    public void A_serial_is_hashed_with_its_domain_and_where_it_was_read()
    {
        var one = DeviceSerial.Of("sysfs serial_number", "0323A4000017\n")!;

        Assert.Equal(GivenRun.Sha256("adaptation.device-serial/v1\nsysfs serial_number\n0323A4000017"u8), one.Sha256);
        Assert.NotEqual(one.Sha256, DeviceSerial.Of("management tool", "0323A4000017")!.Sha256);
        Assert.NotEqual(GivenRun.Sha256("0323A4000017"u8), one.Sha256);
    }

    [Fact]
    public void The_serial_number_of_PCI_Express_is_found_along_the_list_of_capabilities()
    {
        var space = Space((0x100, 0x0001, 0x140), (0x140, 0x0003, 0x000));
        BinaryPrimitives.WriteUInt64LittleEndian(space.AsSpan(0x144), 0x0011223344556677);
        Assert.Equal("0011223344556677", DeviceSerial.OfConfig(space)!.Value);

        space.AsSpan(0x144, 8).Clear();
        Assert.Null(DeviceSerial.OfConfig(space));
    }

    [Fact]
    public void A_configuration_space_that_is_short_empty_or_runs_in_circles_has_no_serial()
    {
        Assert.Null(DeviceSerial.OfConfig([]));
        Assert.Null(DeviceSerial.OfConfig(new byte[64])); // what others than root may read
        Assert.Null(DeviceSerial.OfConfig(new byte[4096]));
        Assert.Null(DeviceSerial.OfConfig(Space((0x100, 0x0001, 0x100))));
        Assert.Null(DeviceSerial.OfConfig(Space((0x100, 0x0001, 0xffc), (0xffc, 0x0003, 0x000))));
        Assert.Null(DeviceSerial.OfConfig([.. Enumerable.Repeat((byte)0xff, 4096)]));
    }

    [Theory]
    [InlineData("0000:C1:00.0", "0000:c1:00.0")]
    [InlineData("00000000:18:00.0", "0000:18:00.0")]
    [InlineData("5e:00.0", "0000:5e:00.0")]
    [InlineData("00010000:18:00.0", "00010000:18:00.0")] // a domain of its own is kept
    public void An_address_is_spelt_as_the_kernel_does(string printed, string address) => Assert.Equal(address, PciDevice.Normal(printed));

    [Theory]
    [InlineData("OPENBLAS_NUM_THREADS", "1", "1")]
    [InlineData("MAX_TOKENS", "512", "512")]
    [InlineData("TOKENIZERS_PARALLELISM", "false", "false")]
    [InlineData("EMPTY", "", "(empty)")]
    [InlineData("HF_TOKEN", "abc", "withheld")]
    [InlineData("api-key", "abc", "withheld")]
    [InlineData("DB_PASSWORD", "", "withheld")]
    [InlineData("PROXY", "http://user:secret@proxy:8080", "withheld")]
    [InlineData("PLAIN_PROXY", "http://proxy:8080", "http://proxy:8080")]
    [InlineData("ANY", "sk-live-1234", "withheld")]
    public void Environment_stands_in_clear_unless_it_looks_secret(string name, string value, string shown) => Assert.Equal(shown, EnvironmentCapture.Value(name, value));

    [Fact]
    public void Environment_that_no_lock_may_hold_stands_as_its_digest_and_never_breaks_a_run()
    {
        Assert.StartsWith("sha256:", EnvironmentCapture.Value("A", "中文"), StringComparison.Ordinal);
        Assert.StartsWith("sha256:", EnvironmentCapture.Value("A", " leading"), StringComparison.Ordinal);
        Assert.StartsWith("sha256:", EnvironmentCapture.Value("A", new string('x', 4096)), StringComparison.Ordinal);
        using var given = new GivenStack("hygon/k100-ai-libtorch-dtk", "1d94:6320", 0);
        var stack = new StackFacts();
        EnvironmentCapture.Read(stack, given.Profile with { Server = given.Profile.Server with { Environment = Testing.Given.Facts(("A.B", "1"), ("A", "2"), ("名", "3")) } }, given.Launch);
        Assert.Equal(3, LockFields.Of(LockCapture.LockOf(stack).Combination).Count);
    }

    [Fact]
    public void Which_units_are_visible_belongs_to_the_unit_and_not_to_the_stack()
    {
        using var given = new GivenStack("hygon/k100-ai-libtorch-dtk", "1d94:6320", 0);
        var (stack, name) = (new StackFacts(), given.Profile.Facts.Texts("visible.container")[0]);
        EnvironmentCapture.Read(stack, given.Profile, given.Launch! with { Environment = ImmutableSortedDictionary<string, string>.Empty.Add(name, "0").Add("OTHER", "1") });

        Assert.Equal(["environment.OTHER"], stack.Facts.Keys);
        Assert.Equal("0", LockFields.Of(stack.Detail)[$"visible.{name}"]);
    }

    private static byte[] Space(params (int At, ushort Id, int Next)[] capabilities)
    {
        var space = new byte[4096];
        foreach (var (at, id, next) in capabilities)
            BinaryPrimitives.WriteUInt32LittleEndian(space.AsSpan(at), (uint)(next << 20) | 0x10000u | id);
        return space;
    }
}
