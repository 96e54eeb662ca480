using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>Evidence of an accelerator from which the devices, which nothing is then held against, were left out.</summary>
public sealed class DeviceEvidenceTests
{
    public static TheoryData<string, string?> Launched => new()
    {
        { "", null },
        { "devices left out", "the plan has no devices" },
        { "nothing inside", "the plan has no devices" },
        { "no chip", "the plan has no devices" },
        { "other devices", "the plan counts the devices 0, and the lock says that 0,1 were launched" },
        { "other chip", "the plan is of a chip 19e5:d803, and the lock has 19e5:d802:0200:4000" },
        { "plain process", null },
    };

    [Theory, MemberData(nameof(Launched))]
    public void What_an_accelerator_was_launched_with_must_be_in_the_plan(string how, string? words)
    {
        using var bundle = new Bundle();
        var none = ImmutableSortedDictionary<string, string>.Empty;
        var good = new DevicePlan([], none.Add("/dev/chip0", "c 240:0"), none) { PciId = "19e5:d802", Units = none.Add("0", "") };
        DevicePlan? devices = how switch
        {
            "devices left out" or "plain process" => null,
            "nothing inside" => good with { Inside = none },
            "no chip" => good with { PciId = null },
            "other chip" => good with { PciId = "19e5:d803" },
            _ => good,
        };
        var launch = CanonicalValue.Object.Of(("form", "plain"), ("devices", how == "other devices" ? "0,1" : "0"));
        var accelerator = CanonicalValue.Object.Of(("pciId", "19e5:d802:0200:4000"));
        bundle.WriteLock(how == "plain process" ? CanonicalValue.Object.Of(("accelerator", accelerator), ("isolation", "process"))
            : CanonicalValue.Object.Of(("accelerator", accelerator), ("isolation", "container"), ("launch", launch)));
        File.WriteAllBytes(bundle["plan.json"], PlanFile.Write(Bundle.Plan with { Devices = devices }));
        var certificate = bundle.Seal();

        if (words is null)
            Assert.IsType<EvidenceVerification.Accepted>(bundle.Verify(certificate));
        else
            Assert.Contains(words, Assert.IsType<EvidenceVerification.Refused>(bundle.Verify(certificate)).Rejection.Message, StringComparison.Ordinal);
    }
}
