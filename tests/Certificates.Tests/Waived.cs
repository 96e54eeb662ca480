using System.Collections.Immutable;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>A certificate that passed but for PERF-12, a standard by which that can be waived, and a tester and a reviewer who waive it.</summary>
internal static class Waived
{
    public const string Failure = "measured 9 %; limit 5 %";
    public const string Reason = "驱动 25.2.0 降频缺陷，厂商已确认";

    public static readonly ISigner Tester = GivenKeys.Make(KeyDuty.Tester, person: "u-17");
    public static readonly ISigner Reviewer = GivenKeys.Make(KeyDuty.Reviewer, KeyAlgorithm.Sm2Sm3, "u-09");
    public static readonly ISigner SecondTester = GivenKeys.Make(KeyDuty.Tester, person: "u-18");
    public static readonly ISigner TesterAsReviewer = GivenKeys.Make(KeyDuty.Reviewer, person: "U-17");
    public static readonly ISigner Unknown = GivenKeys.Make(KeyDuty.Reviewer, person: "u-66");

    /// <summary>The keys of the issuer and of everybody but <see cref="Unknown"/>.</summary>
    public static TrustStore Trust { get; } = TrustStore.Of([.. Given.Trust.Keys, Tester.Key, Reviewer.Key, SecondTester.Key, TesterAsReviewer.Key]);

    public static Standard Standard { get; } = Given.Standard with
    {
        Clauses = [.. Given.Standard.Clauses, .. More.Select(id => Given.Clause(id, Requirement.Must) with { Waivable = id != "SEC-05" })],
        Suites = [Given.Standard.Suites[0] with { Checks = [.. Given.Standard.Suites[0].Checks, .. More] }],
        Waivers = new WaiverRules(90, ImmutableSortedDictionary<Level, WaiverCap>.Empty.Add(Level.L1, new(1, 3, 10_000))),
    };

    public static Certificate Certificate { get; } = Given.Certificate with
    {
        NotAfter = Given.Now.AddDays(60),
        Results =
        [
            .. Given.Certificate.Results,
            new("PERF-12", Requirement.Must, "fail", Failure, []),
            new("OPS-01", Requirement.Must, "pass", null, []),
            new("SEC-05", Requirement.Must, "pass", null, []),
        ],
    };

    public static Waiver Waiver { get; } = Of("PERF-12", Failure);

    private static ImmutableArray<string> More => ["PERF-12", "OPS-01", "SEC-05"];

    public static Waiver Of(string check, string measured) => new()
    {
        WaiverId = $"W-run-17-{check}",
        Lock = Given.Certificate.Lock,
        RunId = Given.Certificate.RunId,
        Evidence = Given.Certificate.Evidence.Digests,
        Suite = Given.Certificate.Suite,
        Check = check,
        Measured = measured,
        Reason = Reason,
        Defect = "https://bugs.example.cn/4711",
        IssuedAt = Given.Now.AddDays(-1),
        ExpiresAt = Given.Now.AddDays(60),
    };

    public static SignedWaiver Signed(Waiver? waiver = null) => SignedWaiver.Sign(waiver ?? Waiver, Tester).SignAlso(Reviewer);

    /// <summary>Signs what our issuer would refuse to: what a careless or bribed one could put out.</summary>
    public static byte[] Sealed(Certificate content) => Given.Seal(CertificateWriter.Write(content));

    public static byte[] Sealed(params ImmutableArray<SignedWaiver> waivers) => Sealed(Certificate with { Waivers = waivers });

    public static Verification Verify(byte[] file, Standard? standard = null, TrustStore? trust = null, DateTimeOffset? now = null) =>
        CertificateVerifier.Verify(file, trust ?? Trust, now ?? Given.Now, knownSuites: null, _ => standard ?? Standard);

    public static void Refuses(string code, byte[] file, Standard? standard = null, TrustStore? trust = null, DateTimeOffset? now = null) =>
        Assert.Equal(code, Assert.IsType<Verification.Refused>(Verify(file, standard, trust, now)).Rejection.Code);

    /// <summary>An envelope of any payload, signed by whom one likes.</summary>
    public static SignedWaiver Forged(byte[] payload, params ReadOnlySpan<ISigner> signers)
    {
        var message = Dsse.Pae(CertificateFormat.PayloadType, payload);
        var signatures = new (string?, byte[])[signers.Length];
        for (var i = 0; i < signers.Length; i++)
            signatures[i] = (signers[i].Key.KeyId, signers[i].Sign(message));
        return SignedWaiver.Read(Given.Envelope(payload, CertificateFormat.PayloadType, signatures));
    }

    public static string Text(Waiver waiver) => Encoding.UTF8.GetString(WaiverStatement.Write(waiver));
}
