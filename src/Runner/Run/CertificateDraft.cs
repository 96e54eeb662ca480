using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What a certificate says of a run: put together from the run's files, a judgement and the time.</summary>
internal static class CertificateDraft
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);

    /// <param name="journal">Where the run's journal ends.</param>
    public static Certificate Of(
        RunDirectory directory, Plan plan, Standard standard, Judgement judgement, JournalReference journal, DevelopmentKeys signers, DateTimeOffset now)
    {
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond));
        var (stack, manifest) = (File.ReadAllBytes(directory.Lock), File.ReadAllBytes(directory.Manifest));
        var combination = CombinationLock.Read(stack).Combination;
        return new Certificate
        {
            Lock = Digests.Of(stack),
            CertificateId = $"ADAPT-{directory.Id}",
            Level = judgement.Level,
            Caps = judgement.Caps,
            ProfileId = plan.ProfileId,
            ModelId = plan.ModelId,
            RunId = directory.Id,
            IssuedAt = now,
            NotBefore = now,
            NotAfter = signers.Signers.Select(signer => signer.Key.ValidTo).Append(now + Validity).Min(),
            Issuer = new Issuer("development", signers.Signers[0].Key.Environment),
            Challenge = SessionFile.Read(File.ReadAllBytes(directory.Session)).Challenge,
            Combination = combination,
            Suite = new SuiteReference(plan.Suite, standard.Version, standard.Sha256),
            Results = [.. judgement.Findings.Select(finding => CheckResult.Of(finding, standard.Clause(finding.Check).Requirement))],
            Exceptions = plan.HardeningExceptions,
            VoidedBy = [.. combination.Members.Keys],
            Evidence = new EvidenceReference(Digests.Of(manifest), manifest.Length),
            Journal = journal,
        };
    }
}
