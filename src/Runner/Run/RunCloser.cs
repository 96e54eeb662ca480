using System.Collections.Immutable;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Judges what was measured and makes manifest, certificate and report from the evidence, and from it alone.</summary>
internal sealed class RunCloser(RunContext run, DevelopmentKeys signers, string toolVersion, Action<RunEvent> tell)
{
    private RunDirectory Directory => run.Directory;

    private Standard Standard => run.Inputs.Standard;

    public Judgement Close()
    {
        var measurements = ReadMeasurements();
        var judgement = Judge.Run(Standard, new Evidence(run.Plan, measurements, new EvidenceBlobs(Directory.Evidence)));
        var (before, after) = (File.ReadAllBytes(Directory.Lock), File.ReadAllBytes(Directory.LockAfter));
        var stackChanged = !before.AsSpan().SequenceEqual(after);
        var verdicts = VerdictsFile.Write(judgement);
        RunDirectory.WriteWhole(Directory.Verdicts, verdicts);
        if (!run.Journal.IsJudged)
            run.Journal.Append("judged", ("outcome", judgement.Outcome.ToString()), ("level", judgement.Level.ToString()), ("verdicts", Digests.Sha256(verdicts)));
        run.Journal.Dispose(); // nothing more happens to this run: what follows is made from what is written
        var manifest = EvidenceManifest.Create(Directory.Evidence).ToBytes();
        RunDirectory.WriteWhole(Directory.Manifest, manifest);
        foreach (var finding in judgement.Findings)
            tell(new RunEvent.Judged(run.Clause(finding.Check), finding));

        // a stack that changed under the run was not tested as a whole: whatever the checks say, nothing is certified
        if (stackChanged && judgement.Outcome == Outcome.Certified)
            judgement = judgement with { Outcome = Outcome.Incomplete, Level = Level.None };
        var certificate = judgement.Outcome == Outcome.Certified ? Issue(judgement) : null;
        new RunReport
        {
            Directory = Directory,
            Standard = Standard,
            Plan = run.Plan,
            Judgement = judgement,
            Measurements = measurements,
            Facts = run.Facts,
            Entries = run.Journal.Entries,
            Certificate = certificate,
            StackChanged = stackChanged,
            Changes = LockChanges.Of(before, after),
            ModelSha256 = run.Inputs.Model.Sha256,
            ToolVersion = toolVersion,
        }.Write();
        tell(new RunEvent.Finished(Directory.Id, judgement, Directory.Report, Directory.Evidence, certificate is null ? null : Directory.Certificate)
        {
            StackChanged = stackChanged,
            Changes = LockChanges.Of(before, after),
        });
        return judgement;
    }

    /// <summary>The measurements as they were written by this run, and no others: a session that was interrupted left them where anyone could change them.</summary>
    /// <exception cref="BrokenEnvironmentException">A file is not the one that the journal names.</exception>
    private ImmutableArray<Measurement> ReadMeasurements()
    {
        var measurements = ImmutableArray.CreateBuilder<Measurement>();
        var written = run.Journal.MeasuredDigests;
        foreach (var file in System.IO.Directory.GetFiles(Directory.InEvidence("measurements")).Order(StringComparer.Ordinal))
        {
            if (!written.ContainsKey(System.IO.Path.GetFileNameWithoutExtension(file)))
                File.Delete(file); // written right before a crash, and never said to be; or not by us
        }

        foreach (var (check, sha256) in written)
        {
            var bytes = RunDirectory.TryRead(Directory.InEvidence($"measurements/{check}.json")).ToArray();
            if (Digests.Sha256(bytes) != sha256)
                throw new BrokenEnvironmentException($"The measurement of {check} in {Directory.Evidence} is not the one that this run wrote; the run cannot be judged. Start a new one.");
            measurements.Add(MeasurementFile.Read(bytes));
            foreach (var tensor in measurements[^1].Tensors)
            {
                if (Digests.Sha256(RunDirectory.TryRead(Directory.InEvidence(tensor.Path))) != run.Journal.TensorDigests.GetValueOrDefault(tensor.Path))
                    throw new BrokenEnvironmentException($"The answer {tensor.Path} in {Directory.Evidence} is not the one that this run wrote; the run cannot be judged. Start a new one.");
            }
        }

        return measurements.ToImmutable();
    }

    private Certificate Issue(Judgement judgement)
    {
        var content = CertificateDraft.Of(Directory, run.Plan, Standard, judgement, run.Journal.Position, signers, run.Time.GetUtcNow());
        RunDirectory.WriteWhole(Directory.Certificate, CertificateIssuer.Issue(content, signers.Signers));
        return content;
    }
}

/// <summary>The files of an evidence folder that is being made.</summary>
internal sealed class EvidenceBlobs(string folder) : IBlobs
{
    public ReadOnlyMemory<byte> Read(string path) => File.ReadAllBytes(Path.Combine(folder, path));
}
