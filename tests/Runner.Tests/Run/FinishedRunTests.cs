using System.Text;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>A run that failed one check which its standard lets people waive, from the draft to the certificate.</summary>
public sealed class FinishedRunTests
{
    private const string Reason = "厂商缺陷 4711：容器残留 is known";
    private const string Defect = "https://bugs.example.cn/4711";
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()).AddHours(1); // after every key was made
    private static readonly DateTimeOffset Later = Now.AddDays(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_failure_that_two_people_waive_is_certified_from_the_evidence_that_is_there()
    {
        using var run = await GivenWaivableAsync();
        var before = Directory.GetFiles(run.Only().Evidence, "*", SearchOption.AllDirectories).Select(File.GetLastWriteTimeUtc).Max();

        var issued = Open(run).Issue([Signed(run)], run.People, run.Given.Keys, Now, "test");

        Assert.Equal(("WARNED", Level.L1, Later), (issued.Content.Result, issued.Content.Level, issued.Content.NotAfter));
        Assert.Equal(Reason, Assert.Single(issued.Waivers).Content.Reason);
        Assert.Equal(before, Directory.GetFiles(run.Only().Evidence, "*", SearchOption.AllDirectories).Select(File.GetLastWriteTimeUtc).Max());
        var trust = TrustStore.Of([.. run.Given.Keys.Trust.Keys, .. run.People.Keys]);
        var accepted = Assert.IsType<Verification.Accepted>(CertificateVerifier.Verify(
            File.ReadAllBytes(run.Only().Certificate), trust, Now, knownSuites: null, _ => run.Given.Prepared.Inputs.Standard));
        var again = Assert.IsType<EvidenceVerification.Accepted>(EvidenceVerifier.Verify(accepted.Certificate, run.Only().Evidence, run.Given.Prepared.Inputs.Standard));
        Assert.Equal(["OPS-01"], again.Recomputed.Waived);
        Assert.IsType<Verdict.Fail>(again.Recomputed.Finding("OPS-01").Verdict);
    }

    [Fact]
    public async Task The_report_says_in_both_languages_what_was_waived_why_until_when_and_by_whom()
    {
        using var run = await GivenWaivableAsync();
        var plain = await File.ReadAllTextAsync(run.Only().Report, Token);

        Open(run).Issue([Signed(run)], run.People, run.Given.Keys, Now, "test");

        var page = await File.ReadAllTextAsync(run.Only().Report, Token);
        Assert.All(
            ["带 1 项豁免通过 L1", "Passed with 1 waiver, L1", Reason, Defect, "u-17", "u-09", "复核人", "reviewer", "--accept-waivers", $"{Later:yyyy-MM-dd'T'HH:mm:ss'Z'}"],
            words => Assert.Contains(words, page, StringComparison.Ordinal));
        Assert.DoesNotContain("contradicts itself", page, StringComparison.Ordinal);
        Assert.DoesNotContain("豁免", plain, StringComparison.Ordinal);
        var (facts, shown) = (plain.Split("<dl class=\"stack\">")[1].Split("</dl>")[0], page.Split("<dl class=\"stack\">")[1].Split("</dl>")[0]);
        Assert.Equal(facts, shown); // the combination, read back from the lock
    }

    [Theory]
    [InlineData("COR-18", "is pass")]
    [InlineData("STAB-01", "not a check of the suite")]
    public async Task Only_a_failure_is_waived(string check, string words)
    {
        using var run = await GivenWaivableAsync();

        var bad = Assert.Throws<BadInputException>(() => Open(run).Draft(check, Reason, Defect, Now, Later));

        Assert.Contains(words, bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_that_is_not_marked_is_not_waived()
    {
        using var run = await GivenWaivableAsync(mark: "");

        Assert.Contains("does not let OPS-01 be waived", Assert.Throws<BadInputException>(() => Open(run).Draft("OPS-01", Reason, Defect, Now, Later)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_waiver_lives_no_longer_than_the_standard_says_and_not_in_the_past()
    {
        using var run = await GivenWaivableAsync();

        Assert.Contains("90 days", Assert.Throws<BadInputException>(() => Open(run).Draft("OPS-01", Reason, Defect, Now, Now.AddDays(91))).Message, StringComparison.Ordinal);
        Assert.Contains("past", Assert.Throws<BadInputException>(() => Open(run).Draft("OPS-01", Reason, Defect, Now, Now.AddDays(-1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_died_is_not_waived_even_where_the_check_is_marked()
    {
        using var run = await GivenWaivableAsync(dies: true);
        var finished = Open(run);
        Assert.IsType<Verdict.Fail>(finished.Judgement.Finding("OPS-01").Verdict);

        Assert.Contains("broke off", Assert.Throws<BadInputException>(() => finished.Draft("OPS-01", Reason, Defect, Now, Later)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_refuses_a_waiver_is_said_and_nothing_is_written()
    {
        using var run = await GivenWaivableAsync();
        var report = await File.ReadAllBytesAsync(run.Only().Report, Token);
        var finished = Open(run);
        var draft = finished.Draft("OPS-01", Reason, Defect, Now, Later);
        void Refused(string code, params SignedWaiver[] waivers) => Assert.Equal(
            code, Assert.Throws<RejectedException>(() => finished.Issue([.. waivers], run.People, run.Given.Keys, Now, "test")).Rejection.Code);

        Refused("WAIVER_SIG", SignedWaiver.Sign(draft, run.Tester));
        Refused("WAIVER_SCOPE", Signed(run, draft with { RunId = "another" }));
        Refused("WAIVER_SCOPE", Signed(run, draft with { Check = "COR-18" }));
        Refused("WAIVER_SCOPE", Signed(run, draft), Signed(run, draft));
        Refused("WAIVER_CAP", Signed(run, draft with { ExpiresAt = Now.AddDays(200) }));
        Refused("WAIVER_EXPIRED", Signed(run, draft with { IssuedAt = Now.AddDays(-9), ExpiresAt = Now.AddDays(-1) }));
        Refused("RESULT_NOT_PASSED");
        Assert.False(File.Exists(run.Only().Certificate));
        Assert.Equal(report, await File.ReadAllBytesAsync(run.Only().Report, Token));
    }

    [Fact]
    public async Task Evidence_that_was_touched_is_no_finished_run()
    {
        using var run = await GivenWaivableAsync();
        var waiver = Signed(run);
        await File.AppendAllTextAsync(run.Only().Verdicts, " ", Token);

        Assert.Contains("EVD_DIGEST", Assert.Throws<BadInputException>(() => Open(run)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(run.Only().Manifest, EvidenceManifest.Create(run.Only().Evidence).ToBytes());
        Assert.Contains("verdicts.json", Assert.Throws<BadInputException>(() => Open(run)).Message, StringComparison.Ordinal);
        Assert.NotNull(waiver);
    }

    [Fact]
    public async Task Another_standard_than_the_run_was_judged_by_does_not_serve()
    {
        using var run = await GivenWaivableAsync();
        await File.AppendAllTextAsync(Path.Combine(run.Given.Root, "standard/t/catalogue.yaml"), "# changed\n", Token);

        Assert.Contains("standard", Assert.Throws<BadInputException>(() => Open(run)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_has_one_certificate()
    {
        using var run = await GivenWaivableAsync();
        Open(run).Issue([Signed(run)], run.People, run.Given.Keys, Now, "test");

        Assert.Throws<BadInputException>(() => Open(run).Issue([Signed(run)], run.People, run.Given.Keys, Now, "test"));
    }

    [Fact]
    public void A_folder_that_is_none_is_no_finished_run()
    {
        using var folder = new TempFolder();
        folder.Write("standard/x", "");
        Assert.Throws<BadInputException>(() => FinishedRun.Open(new RunDirectory(folder.Path), folder.Path));
    }

    private static FinishedRun Open(Waivable run) => FinishedRun.Open(run.Only(), run.Given.Root);

    private static SignedWaiver Signed(Waivable run, Waiver? waiver = null) =>
        SignedWaiver.Sign(waiver ?? Open(run).Draft("OPS-01", Reason, Defect, Now, Later), run.Tester).SignAlso(run.Reviewer);

    /// <summary>Carries out a run whose containers cannot be removed, by a standard that lets OPS-01 be waived.</summary>
    private static async Task<Waivable> GivenWaivableAsync(string mark = "  waivable: true\n", bool dies = false)
    {
        var run = new Waivable(new GivenRun(answer: (given, container, request) =>
        {
            if (dies && !container.IsEcho && container.Served > 30)
                container.Die(139);
            return GivenRun.Right(given, container, request);
        }));
        var file = Path.Combine(run.Given.Root, "standard/t/catalogue.yaml");
        var text = (await File.ReadAllTextAsync(file, Token)).Replace("  procedure: deploy-remove\n", $"{mark}  procedure: deploy-remove\n", StringComparison.Ordinal);
        var at = text.IndexOf("certificate_level: L2", StringComparison.Ordinal); // COR-18's: the must that L1 stands on here
        text = $"{text[..at]}certificate_level: L1{text[(at + 21)..]}\nwaivers: {{days_max: 90, caps: {{L1: {{least: 1, most: 3, share_ppm: 10000}}}}}}\n";
        await File.WriteAllTextAsync(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Token);
        run.Given.Prepared = run.Given.Prepared with { Inputs = RunInputs.Read(run.Given.Request) with { Engine = run.Given.Prepared.Inputs.Engine } };
        run.Given.Engine.Starting = container => container.RemovalFails = container.IsEcho ? null : new BrokenEnvironmentException("the engine is gone");
        Assert.Equal(Outcome.Rejected, (await run.Given.Conductor().StartAsync(run.Given.Prepared, run.Given.Runs, Token)).Outcome);
        return run;
    }

    private sealed class Waivable(GivenRun run) : IDisposable
    {
        // opening a key takes a while on purpose, so that all tests share the two
        private static readonly Lazy<(ISigner Tester, ISigner Reviewer)> Keys = new(() => (Key("u-17", KeyDuty.Tester), Key("u-09", KeyDuty.Reviewer)));

        public GivenRun Given => run;

        public ISigner Tester { get; } = Keys.Value.Tester;

        public ISigner Reviewer { get; } = Keys.Value.Reviewer;

        public TrustStore People { get; } = TrustStore.Of(Keys.Value.Tester.Key, Keys.Value.Reviewer.Key);

        public RunDirectory Only() => Given.Only();

        public void Dispose() => Given.Dispose();

        private static ISigner Key(string person, KeyDuty duty)
        {
            static Passphrase Words(string what, bool isNew) => new("correct horse battery"u8);
            using var folder = new TempFolder();
            var path = folder.At($"{person}.key");
            var spec = new KeySpec { Algorithm = KeyAlgorithm.EcdsaP256Sha256, Duty = duty, Person = person, Environment = KeyEnvironment.Test, Life = TimeSpan.FromDays(730) };
            KeyFile.Create(path, spec, Words, new StandingStill(Now.AddDays(-30)));
            return KeyFile.Open(path, Words);
        }
    }

    private sealed class StandingStill(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
