using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class VersionCaptureTests
{
    private static readonly Measurement Probed = Given.Measurement("OPS-02") with
    {
        Facts = Given.Facts(("version.driver", "25.2.0"), ("version.engine", "1.20.1"), ("version.ssid", "19e5:d802:19e5:4000")),
    };

    private static readonly Plan Plan = Given.Plan with { RequiredVersions = ["driver", "engine", "ssid"] };

    [Fact]
    public void A_host_on_which_every_field_was_probed_passes() => Judged.Passes(Judged.By(Clauses.VersionCapture, Probed, Plan));

    [Fact]
    public void A_profile_that_states_what_the_probe_reads_passes() =>
        Judged.Passes(Judged.By(Clauses.VersionCapture, Probed, Plan with { DeclaredVersions = Given.Facts(("driver", "25.2.0")) }));

    [Fact]
    public void A_hard_coded_driver_version_that_the_probe_does_not_read_fails_and_both_are_named() =>
        Assert.Equal(
            "the profile states driver 24.1.0, the probe read 25.2.0",
            Judged.Measured(Judged.By(Clauses.VersionCapture, Probed, Plan with { DeclaredVersions = Given.Facts(("driver", "24.1.0")) })));

    [Theory] // one of several that a chip is known by; none of them in part
    [InlineData("25.1.0 | 25.2.0", true)]
    [InlineData("25.2.0 | 25.3.0", true)]
    [InlineData("25.1.0 | 25.2", false)]
    [InlineData("25.1.0|25.2.0", false)]
    public void A_stated_version_may_be_one_of_several(string stated, bool passes)
    {
        var finding = Judged.By(Clauses.VersionCapture, Probed, Plan with { DeclaredVersions = Given.Facts(("driver", stated)) });

        if (passes)
            Judged.Passes(finding);
        else
            Assert.Equal($"the profile states driver {stated}, the probe read 25.2.0", Judged.Measured(finding));
    }

    [Fact]
    public void A_declared_version_that_no_probe_read_fails() =>
        Assert.Contains(
            "the probe read none",
            Judged.Measured(Judged.By(Clauses.VersionCapture, Probed, Plan with { DeclaredVersions = Given.Facts(("firmware", "7.7")) })), StringComparison.Ordinal);

    [Theory]
    [InlineData("CANN0 of Huawei", null)]
    [InlineData("CANN0", null)]
    [InlineData("CANN", "the profile states engine.device CANN, the probe read 2 x CANN0 of Huawei; threads=1")]
    [InlineData("CANN0 of Another", "the profile states engine.device CANN0 of Another, the probe read 2 x CANN0 of Huawei; threads=1")]
    public void The_engine_s_own_account_of_its_device_holds_what_the_profile_states_of_it(string stated, string? said)
    {
        var finding = Judged.By(
            Clauses.VersionCapture, Probed.WithFact("version.engine.device", "2 x CANN0 of Huawei; threads=1"), Plan with { DeclaredVersions = Given.Facts((Core.Plan.EngineDevice, stated)) });

        if (said is null)
            Judged.Passes(finding);
        else
            Assert.Equal(said, Judged.Measured(finding));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("unknown")]
    [InlineData(" Unknown ")]
    public void A_field_that_says_nothing_was_not_captured(string value)
    {
        var finding = Judged.By(Clauses.VersionCapture, Probed.WithFact("version.ssid", value), Plan);

        Assert.Equal("2 of 3 fields captured, without ssid", Judged.Measured(finding));
        Assert.Equal(66_667, Judged.Milli(finding, "fields captured"));
    }

    [Fact]
    public void Why_a_field_was_not_captured_stands_beside_its_name()
    {
        var finding = Judged.By(Clauses.VersionCapture, Probed.WithFact("version.ssid", "unknown").WithFact("unread.ssid", "no subsystem_device").WithFact("unread.engine", "of no interest"), Plan);

        Assert.Equal("2 of 3 fields captured, without ssid (no subsystem_device)", Judged.Measured(finding));
        Assert.Equal(
            "the profile states ssid 4000, the probe read none (no subsystem_device)",
            Judged.Measured(Judged.By(Clauses.VersionCapture, Probed.WithoutFact("version.ssid").WithFact("unread.ssid", "no subsystem_device"), Plan with { DeclaredVersions = Given.Facts(("ssid", "4000")) })));
    }

    [Fact]
    public void A_profile_without_the_ssid_fails() =>
        Judged.Measured(Judged.By(Clauses.VersionCapture, Probed.WithoutFact("version.ssid"), Plan));

    [Fact]
    public void Both_sides_of_a_limit()
    {
        var missing = Probed.WithoutFact("version.ssid");

        Judged.Passes(Judged.By(WithShare(666_666), missing, Plan));
        Judged.Measured(Judged.By(WithShare(666_667), missing, Plan));
    }

    [Fact]
    public void A_plan_that_asks_for_nothing_gets_nothing() =>
        Assert.Contains("no version", Judged.Reason(Judged.By(Clauses.VersionCapture, Probed, Plan with { RequiredVersions = [] })), StringComparison.Ordinal);

    [Fact]
    public void A_field_asked_for_twice_counts_once() =>
        Assert.StartsWith(
            "2 of 3", Judged.Measured(Judged.By(Clauses.VersionCapture, Probed.WithoutFact("version.ssid"), Plan with { RequiredVersions = ["driver", "driver", "engine", "ssid"] })), StringComparison.Ordinal);

    private static Clause WithShare(long ppm) =>
        Clauses.VersionCapture with { Limits = Clauses.VersionCapture.Limits.SetItem("captured_share_ppm", ppm) };
}
