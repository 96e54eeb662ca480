using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Judges what was measured and makes manifest, certificate and report from the evidence, and from it alone.</summary>
internal sealed class RunCloser(RunContext run, DevelopmentKeys signers, string toolVersion, Action<RunEvent> tell)
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);

    private RunDirectory Directory => run.Directory;

    private Standard Standard => run.Inputs.Standard;

    public Judgement Close()
    {
        var measurements = System.IO.Directory.GetFiles(Directory.InEvidence("measurements"), "*.json").Order(StringComparer.Ordinal)
            .Select(file => MeasurementFile.Read(File.ReadAllBytes(file))).ToImmutableArray();
        var judgement = Judge.Run(Standard, new Evidence(run.Plan, measurements, new EvidenceBlobs(Directory.Evidence)));
        var stackChanged = !File.ReadAllBytes(Directory.Lock).AsSpan().SequenceEqual(File.ReadAllBytes(Directory.LockAfter));
        var verdicts = VerdictsFile.Write(judgement);
        RunDirectory.WriteWhole(Directory.Verdicts, verdicts);
        if (!run.Journal.IsJudged)
            run.Journal.Append("judged", ("outcome", judgement.Outcome.ToString()), ("level", judgement.Level.ToString()), ("verdicts", Digests.Sha256(verdicts)));
        run.Journal.End();
        var manifest = EvidenceManifest.Create(Directory.Evidence).ToBytes();
        RunDirectory.WriteWhole(Directory.Manifest, manifest);
        foreach (var finding in judgement.Findings)
            tell(new RunEvent.Judged(run.Clause(finding.Check), finding));

        var notes = Notes(stackChanged);
        var certificate = judgement.Outcome == Outcome.Certified && !stackChanged ? Issue(judgement, manifest) : null;
        WriteReport(judgement, measurements, certificate, notes);
        tell(new RunEvent.Finished(Directory.Id, judgement, Directory.Report, Directory.Evidence, certificate is null ? null : Directory.Certificate));
        // a stack that changed under the run was not tested as a whole: whatever the checks say, nothing is certified
        return stackChanged && judgement.Outcome == Outcome.Certified ? judgement with { Outcome = Outcome.Incomplete, Level = Level.None } : judgement;
    }

    private Certificate Issue(Judgement judgement, byte[] manifest)
    {
        var now = run.Time.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond));
        var session = SessionFile.Read(File.ReadAllBytes(Directory.Session));
        var stack = File.ReadAllBytes(Directory.Lock);
        var combination = CombinationLock.Read(stack).Combination;
        var content = new Certificate
        {
            Lock = Digests.Of(stack),
            CertificateId = $"ADAPT-{Directory.Id}",
            Level = judgement.Level,
            Caps = judgement.Caps,
            ProfileId = run.Plan.ProfileId,
            ModelId = run.Plan.ModelId,
            RunId = Directory.Id,
            IssuedAt = now,
            NotBefore = now,
            NotAfter = signers.Signers.Select(signer => signer.Key.ValidTo).Append(now + Validity).Min(),
            Issuer = new Issuer("development", signers.Signers[0].Key.Environment),
            Challenge = session.Challenge,
            Combination = combination,
            Suite = new SuiteReference(run.Plan.Suite, Standard.Version, Standard.Sha256),
            Results = [.. judgement.Findings.Select(finding => CheckResult.Of(finding, run.Clause(finding.Check).Requirement))],
            Exceptions = run.Plan.HardeningExceptions,
            VoidedBy = [.. combination.Members.Keys],
            Evidence = new EvidenceReference(Digests.Of(manifest), manifest.Length),
            Journal = run.Journal.Position,
        };
        RunDirectory.WriteWhole(Directory.Certificate, CertificateIssuer.Issue(content, signers.Signers));
        return content;
    }

    private void WriteReport(Judgement judgement, ImmutableArray<Measurement> measurements, Certificate? certificate, ImmutableArray<LocalText> notes)
    {
        var entries = run.Journal.Entries;
        RunDirectory.WriteWhole(Directory.Report, HtmlReport.Render(new ReportContent
        {
            Standard = Standard,
            Plan = run.Plan,
            Judgement = judgement,
            Measurements = measurements,
            Combination = [.. run.Facts.Select(pair => (pair.Key, pair.Value))],
            StartedUtc = Utc(entries[0].At),
            FinishedUtc = Utc(entries[^1].At),
            Certificate = certificate is null ? null : new ReportCertificate(
                certificate.CertificateId, System.IO.Path.GetFileName(Directory.Certificate), certificate.Issuer.Environment.ToString().ToLowerInvariant(),
                Digests.Sha256(File.ReadAllBytes(Directory.Certificate)), Utc(certificate.NotBefore), Utc(certificate.NotAfter)),
            Notes = notes,
            PlanSha256 = Digests.Sha256(File.ReadAllBytes(Directory.Plan)),
            ModelSha256 = run.Inputs.Model.Sha256,
            ToolVersion = toolVersion,
        }));
    }

    private ImmutableArray<LocalText> Notes(bool stackChanged)
    {
        var notes = ImmutableArray.CreateBuilder<LocalText>();
        if (stackChanged)
            notes.Add(new("The stack after the run is not the stack before it (combination.lock and lock-after.json differ): nothing is certified.", "运行前后的软硬件栈不一致（combination.lock 与 lock-after.json 不同）：不予认证。"));
        if (run.Journal.BackendBroke is { } reason)
            notes.Add(new($"The server broke off: {reason}", $"服务中断：{reason}"));
        if (run.Journal.Resumed > 0)
            notes.Add(new($"The run was interrupted and gone on with {run.Journal.Resumed} time(s); completed steps were kept.", $"本次运行曾中断并续跑 {run.Journal.Resumed} 次；已完成的步骤予以保留。"));
        return notes.ToImmutable();
    }

    private static string Utc(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>The files of an evidence folder that is being made.</summary>
internal sealed class EvidenceBlobs(string folder) : IBlobs
{
    public ReadOnlyMemory<byte> Read(string path) => File.ReadAllBytes(Path.Combine(folder, path));
}
