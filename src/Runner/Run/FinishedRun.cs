using System.Collections.Immutable;
using System.Security.Cryptography;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A run that was carried out and judged, opened again from its files alone: for what people decide after it. Nothing is measured again.</summary>
public sealed class FinishedRun
{
    private readonly RunDirectory _directory;
    private readonly byte[] _lock;
    private readonly byte[] _manifest;
    private readonly Journal _journal;
    private readonly Evidence _evidence;

    private FinishedRun(RunDirectory directory, Standard standard, Evidence evidence, Journal journal)
    {
        (_directory, Standard, _evidence, _journal) = (directory, standard, evidence, journal);
        (_lock, _manifest) = (File.ReadAllBytes(directory.Lock), File.ReadAllBytes(directory.Manifest));
        Judgement = Judge.Run(standard, evidence);
    }

    /// <summary>The one that the run was judged by.</summary>
    public Standard Standard { get; }

    /// <summary>Without any waiver.</summary>
    public Judgement Judgement { get; }

    /// <param name="root">The product's root: the standard is looked for among those that this program came with, by the digest that the run's lock holds.</param>
    /// <exception cref="BadInputException">It is no finished run, its evidence is not whole, or its standard is not there.</exception>
    public static FinishedRun Open(RunDirectory directory, string root)
    {
        BadInputException Not(string why) => new([new Problem(directory.Path, 0, "", $"is not a finished run whose evidence is whole: {why}")]);
        try
        {
            EvidenceManifest.Parse(File.ReadAllBytes(directory.Manifest)).Check(directory.Evidence);
            var journal = JournalReader.Read(File.ReadAllBytes(directory.Journal), SessionFile.Read(File.ReadAllBytes(directory.Session)).Challenge);
            if (journal.Entries is not [.., { Kind: "judged" }])
                throw Not("it was not judged; `adapt resume` goes on with it");
            if (!File.ReadAllBytes(directory.Lock).AsSpan().SequenceEqual(File.ReadAllBytes(directory.LockAfter)))
                throw Not("the stack changed while it ran, so that nothing is certified whatever is waived");
            var standard = FindStandard(CombinationLock.Read(File.ReadAllBytes(directory.Lock)), root) ?? throw Not("the standard that it was judged by is not one of this program's");
            var measurements = Directory.GetFiles(directory.InEvidence("measurements")).Order(StringComparer.Ordinal).Select(file => MeasurementFile.Read(File.ReadAllBytes(file)));
            var plan = PlanFile.Read(File.ReadAllBytes(directory.Plan));
            var run = new FinishedRun(directory, standard, new Evidence(plan, [.. measurements], new EvidenceBlobs(directory.Evidence)), journal);
            return VerdictsFile.Write(run.Judgement).AsSpan().SequenceEqual(File.ReadAllBytes(directory.Verdicts))
                ? run
                : throw Not("judged again, it gives other verdicts than verdicts.json");
        }
        catch (RejectedException refused)
        {
            throw Not(refused.Message);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or KeyNotFoundException)
        {
            throw Not(unread.Message);
        }
    }

    /// <summary>A waiver of one failure of this run, for people to sign.</summary>
    /// <param name="now">When it begins; fractions of a second are dropped.</param>
    /// <exception cref="BadInputException">The check did not fail, or cannot be waived, or not for so long.</exception>
    public Waiver Draft(string check, string reason, string defect, DateTimeOffset now, DateTimeOffset expires)
    {
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond));
        var finding = Judgement.Findings.FirstOrDefault(finding => finding.Check == check);
        if (Problems(check, finding, now, expires).ToImmutableArray() is { IsEmpty: false } problems)
            throw new BadInputException(problems);
        return new Waiver
        {
            WaiverId = $"W-{_directory.Id}-{check}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}",
            Lock = Digests.Of(_lock),
            RunId = _evidence.Plan.RunId,
            Evidence = Digests.Of(_manifest),
            Suite = new SuiteReference(_evidence.Plan.Suite, Standard.Version, Standard.Sha256),
            Check = check,
            Measured = CheckResult.Of(finding!, Requirement.Must).Reason!,
            Reason = reason,
            Defect = defect,
            IssuedAt = now,
            ExpiresAt = expires,
        };
    }

    /// <summary>Issues the certificate of this run with these waivers, and writes its report anew. The evidence is not touched.</summary>
    /// <param name="people">Trusted keys of testers and reviewers.</param>
    /// <exception cref="BadInputException">The run has a certificate already.</exception>
    /// <exception cref="RejectedException">Whoever verifies the certificate would refuse it; the code says why. Nothing was written.</exception>
    public VerifiedCertificate Issue(ImmutableArray<SignedWaiver> waivers, TrustStore people, DevelopmentKeys issuer, DateTimeOffset now, string toolVersion)
    {
        if (File.Exists(_directory.Certificate))
            throw new BadInputException([new Problem(_directory.Certificate, 0, "", "is there already; a run has one certificate")]);
        var judgement = Judge.Run(Standard, _evidence, [.. waivers.Select(waiver => waiver.Content.Check)]);
        var content = Content(judgement, waivers, issuer, now);
        var bytes = CertificateIssuer.Issue(content, issuer.Signers, people, Standard);
        var verified = Verified(bytes, people, issuer, content.NotBefore);
        if (EvidenceVerifier.Verify(verified, _directory.Evidence, Standard) is EvidenceVerification.Refused refused)
            throw new RejectedException(refused.Rejection);
        RunDirectory.WriteWhole(_directory.Certificate, bytes);
        WriteReport(judgement, verified, toolVersion);
        return verified;
    }

    private Certificate Content(Judgement judgement, ImmutableArray<SignedWaiver> waivers, DevelopmentKeys issuer, DateTimeOffset now)
    {
        // a judgement that these waivers do not turn has no level: L1 stands in for it, so that what refuses the certificate is the cause and
        // not the missing level; judging the evidence again refuses it in any case
        var judged = judgement.Level > Level.None ? judgement : judgement with { Level = Level.L1 };
        var content = CertificateDraft.Of(_directory, _evidence.Plan, Standard, judged, new JournalReference(_journal.Entries.Length, _journal.LastHash), issuer, now);
        var notAfter = waivers.Select(waiver => waiver.Content.ExpiresAt).Append(content.NotAfter).Min();
        return content with { Waivers = waivers, NotAfter = notAfter > content.NotBefore ? notAfter : content.NotBefore };
    }

    private VerifiedCertificate Verified(byte[] bytes, TrustStore people, DevelopmentKeys issuer, DateTimeOffset now)
    {
        var trust = TrustStore.Of([.. issuer.Trust.Keys, .. people.Keys.Where(key => key.Duty != KeyDuty.Certify)]);
        return CertificateVerifier.Verify(bytes, trust, now, knownSuites: null, _ => Standard) switch
        {
            Verification.Accepted accepted => accepted.Certificate,
            Verification.Refused refused => throw new RejectedException(refused.Rejection),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private void WriteReport(Judgement judgement, VerifiedCertificate verified, string toolVersion)
    {
        var facts = LockCapture.Flatten(verified.Content.Combination).ToList();
        new RunReport
        {
            Directory = _directory,
            Standard = Standard,
            Plan = _evidence.Plan,
            Judgement = judgement,
            Measurements = _evidence.Measurements,
            Facts = facts,
            Entries = _journal.Entries,
            Certificate = verified.Content,
            Waivers = verified.Waivers,
            StackChanged = false,
            ModelSha256 = facts.Find(fact => fact.Key == "model.sha256").Value ?? "",
            ToolVersion = toolVersion,
        }.Write();
    }

    private IEnumerable<Problem> Problems(string check, Finding? finding, DateTimeOffset now, DateTimeOffset expires)
    {
        Problem About(string option, string message) => new(_directory.Id, 0, option, message);
        var waivable = Standard.Clauses.Where(clause => clause.Waivable).Select(clause => clause.Id);
        if (finding is null)
            yield return About("--check", $"{check} is not a check of the suite {_evidence.Plan.Suite}");
        else if (finding.Verdict is not Verdict.Fail)
            yield return About("--check", $"the verdict of {check} is {finding.Verdict.Word}; only a failure that was measured can be waived");
        else if (!Standard.Clause(check).Waivable)
            yield return About("--check", $"{Standard.Name} {Standard.Version} does not let {check} be waived; it lets {string.Join(", ", waivable)}");
        else if (!Judge.CanBeWaived(Standard.Clause(check), finding, _evidence))
            yield return About("--check", $"the backend broke off while {check} was measured, which is not a failure that can be waived");
        if (expires <= now)
            yield return About("--expires", "lies in the past");
        else if (expires - now > TimeSpan.FromDays(Standard.Waivers.DaysMax))
            yield return About("--expires", $"is more than {Standard.Waivers.DaysMax} days from now, the longest that {Standard.Name} {Standard.Version} allows");
    }

    private static Standard? FindStandard(CombinationLock stack, string root)
    {
        var wanted = (stack.Detail.TryGet("standard") as CanonicalValue.Object)?.TryText("sha256");
        var file = Directory.GetFiles(Path.Combine(root, "standard"), "catalogue.yaml", SearchOption.AllDirectories)
            .FirstOrDefault(file => Digests.Sha256(File.ReadAllBytes(file)) == wanted);
        var problems = new List<Problem>();
        var standard = file is null ? null : StandardReader.TryRead(file, file, problems);
        return problems.Count == 0 ? standard : throw new BadInputException([.. problems]);
    }
}
