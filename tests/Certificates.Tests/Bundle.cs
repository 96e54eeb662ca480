using System.Collections.Immutable;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>A whole evidence bundle on disk, with a certificate for exactly what lies there. A test damages it before or after sealing.</summary>
internal sealed class Bundle : IDisposable
{
    private readonly TempFolder _folder = new();

    public Bundle()
    {
        foreach (var folder in (ReadOnlySpan<string>)["", "measurements", "golden", "outputs", "run"])
            Directory.CreateDirectory(this[folder]);
        File.WriteAllBytes(this["golden/line-1.f32.gz"], [1, 2, 3]);
        File.WriteAllText(this["golden/charset.txt"], "床前明月光");
        File.WriteAllBytes(this["outputs/line-1.f32"], [4, 5, 6, 7]);
        WriteLock(Given.Combination);
        File.WriteAllBytes(this["plan.json"], PlanFile.Write(Plan));
        File.WriteAllBytes(this["run/session.json"], SessionFile.Write(new Session("run-17", Given.Challenge)));
        Measure("COR-01", 100, 900);
        Measure("PERF-01", 5000, long.MaxValue);
    }

    public static Plan Plan { get; } = new()
    {
        RunId = "run-17",
        Suite = "quick",
        ProfileId = Given.Certificate.ProfileId,
        ModelId = Given.Certificate.ModelId,
        ModelKind = "tensor",
        Caps = ["development key"],
        NotApplicable = ImmutableSortedDictionary<string, string>.Empty.Add("COR-02", "no text"),
        Golden = new GoldenPack(1000, 10, "golden/charset.txt", [new GoldenLine("line-1", "golden/line-1.f32.gz", [1, 2], "床前")]),
    };

    public string Folder => _folder["evidence"];

    public string this[string path] => Path.Combine(Folder, path);

    public CanonicalValue.Object? Combination { get; private set; }

    /// <summary>A judge that reads what it is given: each check passes if all samples are within its clause's limit.</summary>
    public static Judgement Judge(Standard standard, Evidence evidence, ImmutableArray<string> waived)
    {
        foreach (var line in evidence.Plan.Golden.Lines)
            evidence.Files.Read(line.Expected);
        var findings = standard.Clauses.Select(clause => Find(clause, evidence)).ToImmutableArray();
        return new Judgement(Outcome.Certified, Level.L1, evidence.Plan.Caps, findings);
    }

    public void WriteLock(CanonicalValue.Object combination)
    {
        Combination = combination;
        var golden = new[] { "golden/charset.txt", "golden/line-1.f32.gz" }
            .Select(path => CombinationLock.GoldenFile(path, Digests.Sha256(File.ReadAllBytes(this[path]))));
        var bytes = new CombinationLock(combination, CanonicalValue.Object.Of(("golden", CanonicalValue.Of(golden)))).ToBytes();
        File.WriteAllBytes(this["combination.lock"], bytes);
        File.WriteAllBytes(this["lock-after.json"], bytes);
    }

    public void Measure(string check, params long[] samples)
    {
        var measurement = new Measurement
        {
            Check = check,
            Series = [new Series("latency", "ns", [.. samples])],
            Tensors = [new TensorFile("line-1", "outputs/line-1.f32", "FP32", [1, 1])],
        };
        var (path, bytes) = ($"measurements/{check}.json", MeasurementFile.Write(measurement));
        File.WriteAllBytes(this[path], bytes);
        using var journal = File.Exists(this["run/events.jsonl"])
            ? JournalWriter.Open(this["run/events.jsonl"], Given.Challenge, Given.Time)
            : JournalWriter.Create(this["run/events.jsonl"], Given.Challenge, Given.Time);
        journal.Append("measured", CanonicalValue.Object.Of(("check", check), ("path", path), ("sha256", Digests.Sha256(bytes))));
    }

    /// <summary>Judges, lists and certifies what lies there, and yields the checked certificate.</summary>
    /// <param name="damage">Done after judging and before the manifest is made: what a dishonest runner could do.</param>
    /// <param name="change">Of the certificate before it is signed.</param>
    public VerifiedCertificate Seal(Action? damage = null, Func<Certificate, Certificate>? change = null)
    {
        var content = Content(damage);
        return Given.Accepted(CertificateIssuer.Issue(change?.Invoke(content) ?? content, Given.Signers));
    }

    /// <summary>The same where the failure of this check was waived by a tester and a reviewer.</summary>
    public VerifiedCertificate SealWaived(string check)
    {
        var content = Content(damage: null);
        var failure = content.Results.First(result => result.Check == check).Reason!;
        var waiver = Waived.Signed(Waived.Of(check, failure) with { Lock = content.Lock, Evidence = content.Evidence.Digests });
        var standard = Given.Standard with
        {
            Clauses = [.. Given.Standard.Clauses.Select(clause => clause with { Waivable = clause.Id == check })],
            Waivers = Waived.Standard.Waivers,
        };
        var file = CertificateIssuer.Issue(content with { Waivers = [waiver], NotAfter = waiver.Content.ExpiresAt }, Given.Signers, Waived.Trust, standard);
        return Assert.IsType<Verification.Accepted>(Waived.Verify(file, standard)).Certificate;
    }

    private Certificate Content(Action? damage)
    {
        var (measurements, journal) = (Read(), JournalReader.Read(File.ReadAllBytes(this["run/events.jsonl"]), Given.Challenge));
        var manifest = EvidenceManifest.Create(Folder);
        var judgement = Judge(Given.Standard, new Evidence(Plan, measurements, new EvidenceFiles(Folder, manifest)), waived: []);
        File.WriteAllBytes(this["verdicts.json"], VerdictsFile.Write(judgement));
        damage?.Invoke();
        var listed = EvidenceManifest.Create(Folder).ToBytes();
        File.WriteAllBytes(Folder + ".manifest", listed);
        return Given.Certificate with
        {
            Lock = Digests.Of(File.ReadAllBytes(this["combination.lock"])),
            Combination = Combination!,
            Results = [.. judgement.Findings.Select(finding => CheckResult.Of(finding, Given.Standard.Clause(finding.Check).Requirement))],
            Evidence = new EvidenceReference(Digests.Of(listed), listed.Length),
            Journal = new JournalReference(journal.Entries.Length, journal.LastHash),
        };
    }

    public void Refuses(string code, VerifiedCertificate certificate, Func<Standard, Evidence, ImmutableArray<string>, Judgement>? judge = null) =>
        Assert.Equal(code, Assert.IsType<EvidenceVerification.Refused>(Verify(certificate, judge)).Rejection.Code);

    public EvidenceVerification Verify(VerifiedCertificate certificate, Func<Standard, Evidence, ImmutableArray<string>, Judgement>? judge = null) =>
        EvidenceVerifier.Verify(certificate, Folder, Given.Standard, judge ?? Judge);

    public void Replace(string path, string old, string replacement)
    {
        var text = File.ReadAllText(this[path]);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllBytes(this[path], Encoding.UTF8.GetBytes(text.Replace(old, replacement, StringComparison.Ordinal)));
    }

    public void Dispose() => _folder.Dispose();

    private ImmutableArray<Measurement> Read() =>
        [.. Directory.GetFiles(this["measurements"]).Order(StringComparer.Ordinal).Select(path => MeasurementFile.Read(File.ReadAllBytes(path)))];

    private static Finding Find(Clause clause, Evidence evidence)
    {
        if (evidence.Plan.NotApplicable.TryGetValue(clause.Id, out var reason))
            return new Finding(clause.Id, new Verdict.NotApplicable(reason), []);
        var samples = evidence.Measurements.FirstOrDefault(measurement => measurement.Check == clause.Id)?.Samples("latency") ?? [];
        if (samples.IsEmpty)
            return new Finding(clause.Id, new Verdict.Inconclusive("not measured"), []);
        var worst = samples.Max();
        Verdict verdict = worst <= clause.Limit("max") ? new Verdict.Pass() : new Verdict.Fail("more", "less");
        return new Finding(clause.Id, verdict, [new Figure("worst", "ns", worst)]);
    }
}
