using System.Collections.Immutable;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

internal sealed class FixedTime(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}

/// <summary>A folder of a test's own, removed with it.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder() => Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    public string Root { get; } = Path.Combine(Path.GetTempPath(), $"adaptation-{Guid.NewGuid():N}");

    public string this[string name] => Path.Combine(Root, name);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>A good certificate and the keys that sign it; a test changes the one fact it is about.</summary>
internal static class Given
{
    public const string Challenge = "b7f0c6c1d0b84a2f9a6b9c0a5d1e2f30";

    public static readonly DateTimeOffset Now = new(2026, 11, 21, 8, 0, 0, TimeSpan.Zero);

    public static readonly TimeProvider Time = new FixedTime(Now);

    private static readonly Lazy<(ImmutableArray<ISigner> Signers, TrustStore Trust)> KeysOfThisRun = new(() =>
    {
        using var folder = new TempFolder();
        var keys = DevelopmentKeys.OpenOrCreate(folder["keys"], Time); // not disposed: the signers serve the whole run
        return (keys.Signers, keys.Trust);
    });

    public static ImmutableArray<ISigner> Signers => KeysOfThisRun.Value.Signers;

    public static TrustStore Trust => KeysOfThisRun.Value.Trust;

    public static ISigner P256Signer => Signers[0];

    public static ISigner Sm2Signer => Signers[1];

    public static CanonicalValue.Object Combination { get; } = CanonicalValue.Object.Of(
        ("accelerator", CanonicalValue.Object.Of(("vendor", "huawei"), ("model", "Ascend 910B3"), ("displayName", "昇腾 910B3"), ("count", 8))),
        ("framework", CanonicalValue.Of([CanonicalValue.Object.Of(("name", "vllm-ascend"), ("version", "0.9.1"))])),
        ("precision", "bf16"));

    public static Standard Standard { get; } = new(
        "Test standard", "1.0", new string('c', 64),
        [Clause("COR-01", Requirement.Must), Clause("COR-02", Requirement.Must), Clause("PERF-01", Requirement.Should)],
        [new Suite("quick", new LocalText("Quick", "快速"), Level.L2, ["COR-01", "COR-02", "PERF-01"],
            ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, long>>.Empty)]);

    public static Certificate Certificate { get; } = new()
    {
        Lock = new DigestPair(new string('1', 64), new string('2', 64)),
        CertificateId = "HWC-2026-000042",
        Level = Level.L1,
        Caps = ["development key"],
        ProfileId = "ascend-910b3/cann-8.2.rc1",
        ModelId = "tiny-poet",
        RunId = "run-17",
        IssuedAt = Now,
        NotBefore = Now,
        NotAfter = Now.AddYears(1),
        Issuer = new Issuer("https://lab.example.cn", KeyEnvironment.Test),
        Challenge = Challenge,
        Combination = Combination,
        Suite = new SuiteReference("quick", "1.0", Standard.Sha256),
        Results =
        [
            new CheckResult("COR-01", Requirement.Must, "pass", null, [new Figure("largest error", "1", 12, 10, 14, 20)]),
            new CheckResult("COR-02", Requirement.Must, "not_applicable", "no text", []),
            new CheckResult("PERF-01", Requirement.Should, "fail", "measured 9 ms; limit 5 ms", [new Figure("延迟 p99", "µs", long.MaxValue)]),
        ],
        VoidedBy = ["driver", "model"],
        Evidence = new EvidenceReference(new DigestPair(new string('3', 64), new string('4', 64)), 1234),
        Journal = new JournalReference(17, new string('5', 64)),
    };

    public static byte[] Issued() => CertificateIssuer.Issue(Certificate, Signers);

    public static string Statement => Encoding.UTF8.GetString(CertificateWriter.Write(Certificate));

    /// <summary>Signs any payload as our issuer would: what a careless or bribed one could put out.</summary>
    public static byte[] Seal(string payload, string type = CertificateFormat.PayloadType) => Seal(Encoding.UTF8.GetBytes(payload), type);

    public static byte[] Seal(byte[] payload, string type = CertificateFormat.PayloadType) =>
        Envelope(payload, type, [.. Signers.Select(signer => ((string?)signer.Key.KeyId, signer.Sign(Dsse.Pae(type, payload))))]);

    public static byte[] Envelope(byte[] payload, string type, params (string? KeyId, byte[] Sig)[] signatures) =>
        Encoding.UTF8.GetBytes(
            $$"""{"payload":"{{Convert.ToBase64String(payload)}}","payloadType":"{{type}}","signatures":[{{string.Join(',', signatures.Select(Entry))}}]}""");

    public static Verification Verify(byte[] file, TrustStore? trust = null, DateTimeOffset? now = null) =>
        CertificateVerifier.Verify(file, trust ?? Trust, now ?? Now, knownSuites: null, acceptWaivers: null);

    public static VerifiedCertificate Accepted(byte[] file) =>
        Assert.IsType<Verification.Accepted>(Verify(file)).Certificate;

    public static void Refuses(string code, byte[] file, TrustStore? trust = null, DateTimeOffset? now = null) =>
        Assert.Equal(code, Assert.IsType<Verification.Refused>(Verify(file, trust, now)).Rejection.Code);

    public static void Refuses(string code, Action read) => Assert.Equal(code, Assert.Throws<RejectedException>(read).Rejection.Code);

    public static Clause Clause(string id, Requirement requirement) => new()
    {
        Id = id,
        Requirement = requirement,
        Level = Level.L1,
        Title = new LocalText(id, id),
        AppliesTo = ["tensor"],
        Method = "",
        Metric = "",
        Unit = "ns",
        Threshold = "",
        ThresholdBasis = "report",
        Procedure = "largest",
        Limits = ImmutableSortedDictionary<string, long>.Empty.Add("max", 1000),
    };

    private static string Entry((string? KeyId, byte[] Sig) signature) =>
        (signature.KeyId is { } keyId ? $$"""{"keyid":"{{keyId}}",""" : "{") + $"\"sig\":\"{Convert.ToBase64String(signature.Sig)}\"}}";
}
