using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Runner;
using Adaptation.Testing;

namespace Adaptation.Cli.Tests;

/// <summary>Waivers as people make, sign, look at and rely on them: files, exit codes and words.</summary>
public sealed class WaiverCommandTests : IDisposable
{
    private const string Failure = "measured 9 %; limit 5 %";
    private const string Reason = "驱动降频缺陷，厂商已确认";
    private readonly string _folder = Directory.CreateTempSubdirectory("cli-waivers-").FullName;
    private readonly DateTimeOffset _now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());

    private const string Secret = "correct horse battery";

    private static Passphrase Words(string what, bool isNew) => new(System.Text.Encoding.UTF8.GetBytes(Secret));

    private string Tester => Path.Combine(_folder, "tester.key");

    private string Reviewer => Path.Combine(_folder, "reviewer.key");

    [Fact]
    public async Task The_second_person_sees_what_is_signed_and_nobody_signs_twice()
    {
        MakeKeys();
        var file = Write("w.json", Sign(Draft()).ToBytes());

        Assert.Equal(3, (await AdaptAsync("waiver", "sign", file, "--key", Tester, "--passphrase-fd", "0")).Exit);
        var (exit, output, _) = await AdaptAsync("waiver", "sign", "w.json", "--key", Reviewer, "--passphrase-fd", "0");

        Assert.Equal(0, exit);
        Assert.All(["PERF-12", Failure, Reason, "https://bugs.example.cn/4711", "u-09"], words => Assert.Contains(words, output, StringComparison.Ordinal));
        Assert.Equal(2, SignedWaiver.Read(File.ReadAllBytes(file)).Signatures);
        Assert.Equal(3, (await AdaptAsync("waiver", "sign", file, "--key", Reviewer, "--passphrase-fd", "0")).Exit);
    }

    [Fact]
    public async Task Showing_a_waiver_says_whether_anyone_checked_who_signed_it()
    {
        MakeKeys();
        var once = Write("once.json", Sign(Draft()).ToBytes());
        var twice = Write("twice.json", Both(Draft()).ToBytes());

        Assert.Contains("not checked", (await AdaptAsync("waiver", "show", twice)).Output, StringComparison.Ordinal);
        var refused = await AdaptAsync(["waiver", "show", once, .. Trust]);
        Assert.Equal(1, refused.Exit);
        Assert.Contains("WAIVER_SIG", refused.Output, StringComparison.Ordinal);
        var (exit, output, _) = await AdaptAsync(["waiver", "show", twice, .. Trust]);
        Assert.Equal(0, exit);
        Assert.All(["SIGNED", "tester 检测人", "u-17", "reviewer 复核人", "u-09"], words => Assert.Contains(words, output, StringComparison.Ordinal));
        using var json = JsonDocument.Parse((await AdaptAsync(["waiver", "show", twice, "--json", .. Trust])).Output);
        Assert.True(json.RootElement.GetProperty("verified").GetBoolean());
        Assert.Equal(Reason, json.RootElement.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_certificate_with_a_waiver_is_valid_only_for_whoever_says_that_waivers_are_accepted()
    {
        var (file, trust) = Issued();

        var plain = await AdaptAsync(["verify", file, .. trust]);
        Assert.Equal(1, plain.Exit);
        Assert.All(["RESULT_WARNED", "PERF-12", "--accept-waivers"], words => Assert.Contains(words, plain.Output, StringComparison.Ordinal));

        var accepted = await AdaptAsync(["verify", file, "--accept-waivers", .. trust]);
        Assert.True(accepted.Exit == 0, accepted.Output + accepted.Error);
        Assert.All(
            ["PASSED WITH 1 WAIVER 带 1 项豁免通过", "waiver 豁免", "PERF-12", Failure, Reason, "https://bugs.example.cn/4711", "u-17", "u-09"],
            words => Assert.Contains(words, accepted.Output, StringComparison.Ordinal));

        using var json = JsonDocument.Parse((await AdaptAsync(["verify", file, "--accept-waivers", "--json", .. trust])).Output);
        Assert.Equal("WARNED", json.RootElement.GetProperty("result").GetString());
        Assert.Equal("PERF-12", Assert.Single(json.RootElement.GetProperty("waivers").EnumerateArray()).GetProperty("check").GetString());
    }

    [Fact]
    public async Task Who_signed_a_waiver_has_to_be_trusted_by_whoever_accepts_it()
    {
        var (file, trust) = Issued();

        var refused = await AdaptAsync(["verify", file, "--accept-waivers", .. trust[..4]]);

        Assert.Equal(1, refused.Exit);
        Assert.Contains("WAIVER_SIG", refused.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("waiver show none.json", "cannot be read")]
    [InlineData("waiver show bad.json", "is not a waiver")]
    [InlineData("waiver sign bad.json --key none.key", "adapt keys new")]
    [InlineData("waiver new --run none --check OPS-01 --reason x --defect https://a.cn/1 --expires tomorrow --key none.key", "tomorrow")]
    [InlineData("waiver new --run none --check OPS-01 --reason x --defect https://a.cn/1 --expires 2027-01-31 --key none.key", "none.key")]
    [InlineData("issue none --waiver bad.json", "--trust")]
    [InlineData("issue none --waiver none.json --trust none.trust.json", "none.trust.json")]
    public async Task What_cannot_be_used_is_exit_code_3_and_named(string arguments, string named)
    {
        Write("bad.json", "{}"u8.ToArray());

        var (exit, _, error) = await AdaptAsync(arguments.Split(' '));

        Assert.Equal(3, exit);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_no_finished_run_is_neither_waived_nor_issued()
    {
        MakeKeys();
        var file = Write("w.json", Both(Draft()).ToBytes());

        var issued = await AdaptAsync(["issue", _folder, "--waiver", file, .. Trust]);
        var drafted = await AdaptAsync("waiver", "new", "--run", _folder, "--check", "OPS-01", "--reason", "x", "--defect", "https://a.cn/1", "--expires", "2027-01-31", "--key", Tester, "--passphrase-fd", "0");

        Assert.All([issued, drafted], ended =>
        {
            Assert.Equal((3, ""), (ended.Exit, ended.Output));
            Assert.Contains("not a finished run", ended.Error, StringComparison.Ordinal);
        });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string[] Trust => ["--trust", KeyFile.TrustPath(Tester), "--trust", KeyFile.TrustPath(Reviewer)];

    private Task<(int Exit, string Output, string Error)> AdaptAsync(params string[] arguments) => AdaptProgram.RunAsync(_folder, Golden.Root, Secret + "\n", arguments);

    private string Write(string name, byte[] content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private void MakeKeys()
    {
        static KeySpec Spec(KeyDuty duty, string person, KeyAlgorithm algorithm) =>
            new() { Duty = duty, Person = person, Algorithm = algorithm, Environment = KeyEnvironment.Test, Life = TimeSpan.FromDays(730) };
        KeyFile.Create(Tester, Spec(KeyDuty.Tester, "u-17", KeyAlgorithm.EcdsaP256Sha256), Words, TimeProvider.System);
        KeyFile.Create(Reviewer, Spec(KeyDuty.Reviewer, "u-09", KeyAlgorithm.Sm2Sm3), Words, TimeProvider.System);
    }

    private SignedWaiver Sign(Waiver draft)
    {
        using var tester = KeyFile.Open(Tester, Words);
        return SignedWaiver.Sign(draft, tester);
    }

    private SignedWaiver Both(Waiver draft)
    {
        using var reviewer = KeyFile.Open(Reviewer, Words);
        return Sign(draft).SignAlso(reviewer);
    }

    /// <summary>A certificate by the shipped standard that passed but for PERF-12, and the arguments that name whom to trust.</summary>
    private (string File, string[] Trust) Issued()
    {
        MakeKeys();
        using var keys = DevelopmentKeys.OpenOrCreate(Path.Combine(_folder, "keys"), TimeProvider.System);
        var people = TrustStore.Of([.. TrustStore.Read(File.ReadAllBytes(KeyFile.TrustPath(Tester))).Keys, .. TrustStore.Read(File.ReadAllBytes(KeyFile.TrustPath(Reviewer))).Keys]);
        var standard = Shipped();
        var now = keys.Trust.Keys[0].ValidFrom;
        var waiver = Both(Draft() with { IssuedAt = now, Suite = new("full", standard.Version, standard.Sha256) });
        var content = new Certificate
        {
            Lock = waiver.Content.Lock,
            CertificateId = "ADAPT-run-17",
            Level = Level.L1,
            Caps = ["development key"],
            ProfileId = "generic/x64",
            ModelId = "m",
            RunId = waiver.Content.RunId,
            IssuedAt = now,
            NotBefore = now,
            NotAfter = waiver.Content.ExpiresAt,
            Issuer = new Issuer("development", KeyEnvironment.Test),
            Challenge = new string('a', 32),
            Combination = CanonicalValue.Object.Of(("precision", "fp32")),
            Suite = waiver.Content.Suite,
            Results = [new("OPS-01", Requirement.Must, "pass", null, []), new("PERF-12", Requirement.Must, "fail", Failure, [])],
            Waivers = [waiver],
            VoidedBy = ["precision"],
            Evidence = new EvidenceReference(waiver.Content.Evidence, 1234),
            Journal = new JournalReference(1, new string('5', 64)),
        };
        var file = Write("certificate.dsse.json", CertificateIssuer.Issue(content, keys.Signers, people, standard));
        return (file, ["--trust", keys.TrustPath, .. Trust]);
    }

    private static Standard Shipped()
    {
        var file = Path.Combine(Golden.Root, "standard/0.1/catalogue.yaml");
        return StandardReader.TryRead(file, file, [])!;
    }

    private Waiver Draft() => new()
    {
        WaiverId = "W-run-17-PERF-12-0a1b2c3d",
        Lock = new DigestPair(new string('1', 64), new string('2', 64)),
        RunId = "run-17",
        Evidence = new DigestPair(new string('3', 64), new string('4', 64)),
        Suite = new SuiteReference("full", "0.1.0", new string('c', 64)),
        Check = "PERF-12",
        Measured = Failure,
        Reason = Reason,
        Defect = "https://bugs.example.cn/4711",
        IssuedAt = _now.AddMinutes(30), // after the keys were made, however slow the machine
        ExpiresAt = _now.AddDays(60),
    };
}
