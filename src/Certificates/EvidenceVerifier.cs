using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>What came of checking an evidence bundle against its certificate.</summary>
public abstract record EvidenceVerification
{
    private EvidenceVerification()
    {
    }

    /// <param name="Recomputed">Judged again from the evidence; the certificate says the same.</param>
    public sealed record Accepted(Judgement Recomputed) : EvidenceVerification;

    public sealed record Refused(Rejection Rejection) : EvidenceVerification;
}

/// <summary>Checks an evidence bundle: that it is the one that was certified, that it is whole, and that judging it again gives the certificate.</summary>
/// <remarks>
/// Layout: combination.lock, lock-after.json, plan.json, verdicts.json, measurements/*.json, run/events.jsonl, run/session.json, golden/*,
/// outputs/*; beside the folder, with <c>.manifest</c> added to its name, the manifest.
/// </remarks>
public static class EvidenceVerifier
{
    /// <param name="standard">The standard whose digest the certificate names.</param>
    public static EvidenceVerification Verify(VerifiedCertificate certificate, string directory, Standard standard) =>
        Verify(certificate, directory, standard, Judge.Run);

    internal static EvidenceVerification Verify(
        VerifiedCertificate certificate, string directory, Standard standard, Func<Standard, Evidence, ImmutableArray<string>, Judgement> judge)
    {
        try
        {
            return new EvidenceVerification.Accepted(Check(certificate.Content, directory, standard, judge));
        }
        catch (RejectedException refused)
        {
            return new EvidenceVerification.Refused(refused.Rejection);
        }
    }

    private static Judgement Check(
        Certificate certificate, string directory, Standard standard, Func<Standard, Evidence, ImmutableArray<string>, Judgement> judge)
    {
        var files = OpenFiles(certificate, directory);
        var stack = CheckLock(certificate, files);
        if (standard.Sha256 != certificate.Suite.Sha256)
            throw Rejection.Because("SUITE_UNKNOWN", $"the certificate names the standard {certificate.Suite.Sha256}; this is {standard.Sha256}");
        if (standard.TryFindSuite(certificate.Suite.Name) is null)
            throw Rejection.Because("SUITE_UNKNOWN", $"{standard.Name} {standard.Version} has no suite {certificate.Suite.Name}");
        var plan = PlanFile.Read(files.Need("plan.json"));
        CheckPlan(certificate, plan, standard);
        DeviceEvidence.Check(plan, stack);
        var measurements = files.Under("measurements/").Select(path => ReadMeasurement(files, path)).ToImmutableArray();
        CheckNamedFiles(plan, measurements, stack, files);
        CheckJournal(certificate, plan, files);
        return Recompute(certificate, standard, new Evidence(plan, measurements, files), judge);
    }

    private static EvidenceFiles OpenFiles(Certificate certificate, string directory)
    {
        var path = Path.TrimEndingDirectorySeparator(directory) + ".manifest";
        if (!File.Exists(path) || new FileInfo(path).Length != certificate.Evidence.Size || certificate.Evidence.Size > EvidenceManifest.MaxBytes)
            throw Rejection.Because("EVD_MANIFEST", $"{path} is missing or not the manifest of {certificate.Evidence.Size} bytes that the certificate names");
        var bytes = File.ReadAllBytes(path);
        if (Digests.Of(bytes) != certificate.Evidence.Digests)
            throw Rejection.Because("EVD_MANIFEST", $"{path} is not the manifest that the certificate names: its digests differ");
        var manifest = EvidenceManifest.Parse(bytes);
        manifest.Check(directory);
        return new EvidenceFiles(directory, manifest);
    }

    private static CombinationLock CheckLock(Certificate certificate, EvidenceFiles files)
    {
        var before = files.Need("combination.lock");
        if (Digests.Of(before.Span) != certificate.Lock)
            throw Rejection.Because("STM_DIGEST_MISMATCH", "combination.lock has other digests than the subject of the certificate");
        var stack = CombinationLock.Read(before);
        if (!stack.Combination.IsSameAs(certificate.Combination))
            throw Rejection.Because("LOCK_PREDICATE", "combination.lock describes another combination than the certificate");
        var after = files.Need("lock-after.json");
        return after.Span.SequenceEqual(before.Span)
            ? stack
            : throw Rejection.Because("LOCK_CHANGED", $"the stack changed during the run: lock-after.json differs from combination.lock{Changes(stack, after)}");
    }

    /// <summary>The fields that changed, if the file can be read at all.</summary>
    private static string Changes(CombinationLock before, ReadOnlyMemory<byte> after)
    {
        try
        {
            return $" in {string.Join(", ", LockComparison.Changes(before, CombinationLock.Read(after)).Select(change => change.Field))}";
        }
        catch (RejectedException)
        {
            return ", and is no lock";
        }
    }

    private static void CheckPlan(Certificate certificate, Plan plan, Standard standard)
    {
        ReadOnlySpan<(string What, string Seen, string Expected)> facts =
        [
            ("run", plan.RunId, certificate.RunId),
            ("profile", plan.ProfileId, certificate.ProfileId),
            ("model", plan.ModelId, certificate.ModelId),
            ("suite", plan.Suite, certificate.Suite.Name),
            ("version of the standard", standard.Version, certificate.Suite.Version),
        ];
        foreach (var (what, seen, expected) in facts)
            if (seen != expected)
                throw Rejection.Because("EVD_PLAN", $"the {what} is {JsonGate.Quote(seen)}; the certificate says {JsonGate.Quote(expected)}");
        if (!plan.HardeningExceptions.SequenceEqual(certificate.Exceptions))
            throw Rejection.Because("EVD_PLAN", "the plan has other hardening exceptions than the certificate");
    }

    private static Measurement ReadMeasurement(EvidenceFiles files, string path)
    {
        var measurement = MeasurementFile.Read(files.Need(path));
        return path == MeasurementPath(measurement.Check)
            ? measurement
            : throw Rejection.Because("EVD_PATH", $"{path} holds the measurement of {measurement.Check}");
    }

    private static string MeasurementPath(string check) => $"measurements/{check}.json";

    /// <summary>Files that plan and measurements name must be there, and golden ones be those that the lock fixed before the run.</summary>
    private static void CheckNamedFiles(Plan plan, ImmutableArray<Measurement> measurements, CombinationLock stack, EvidenceFiles files)
    {
        foreach (var tensor in measurements.SelectMany(measurement => measurement.Tensors))
            files.Digest(tensor.Path);
        var golden = plan.Golden.Lines.Select(line => line.Expected).Distinct(StringComparer.Ordinal).ToList();
        if (plan.Golden.Charset is { } charset)
            golden.Add(charset);
        if (plan.Text is { } text)
            golden.AddRange(text.Documents.Select(document => document.Logits).Distinct(StringComparer.Ordinal));
        if (plan.Text?.Long is { } window)
            golden.AddRange(window.Sequences.Select(sequence => sequence.Document.Logits).Distinct(StringComparer.Ordinal));
        if (plan.Layers is { } layers)
            golden.AddRange(layers.Tensors.Select(tensor => tensor.Expected).Distinct(StringComparer.Ordinal));
        if (plan.Text?.Tools is { } tools)
            golden.Add(tools);
        var locked = stack.GoldenFiles().ToLookup(file => file.Path, file => file.Sha256, StringComparer.Ordinal);
        foreach (var path in golden)
            if (!locked[path].SequenceEqual([files.Digest(path)]))
                throw Rejection.Because("EVD_GOLDEN", $"{path} is not the golden file that combination.lock fixed (detail.golden)");
    }

    private static void CheckJournal(Certificate certificate, Plan plan, EvidenceFiles files)
    {
        var session = SessionFile.Read(files.Need("run/session.json"));
        if (session.Challenge != certificate.Challenge || session.RunId != plan.RunId)
            throw Rejection.Because("SESSION_MIXED", "run/session.json is of another run than the certificate");
        var journal = JournalReader.Read(files.Need("run/events.jsonl"), certificate.Challenge);
        if (journal.Entries.Length < certificate.Journal.Lines)
            throw Rejection.Because("JOURNAL_TRUNCATED", $"the journal has {journal.Entries.Length} lines; the certificate says {certificate.Journal.Lines}");
        if (journal.Entries.Length > certificate.Journal.Lines || journal.LastHash != certificate.Journal.Last || journal.TornBytes > 0)
            throw Rejection.Because("JOURNAL_CHAIN", "the journal does not end with the line that the certificate names");
        CheckMeasured(journal, files);
    }

    /// <summary>The measurement files are exactly those that the journal saw written, the last one per check.</summary>
    private static void CheckMeasured(Journal journal, EvidenceFiles files)
    {
        var measured = new Dictionary<string, CanonicalValue.Object>(StringComparer.Ordinal);
        foreach (var entry in journal.Entries.Where(entry => entry.Kind == "measured"))
            measured[entry.Data.TryText("check") ?? ""] = entry.Data;
        foreach (var (check, data) in measured)
        {
            var path = MeasurementPath(check);
            if (data.TryText("path") != path || files.TryDigest(path) is not { } digest || data.TryText("sha256") != digest)
                throw Rejection.Because("EVD_JOURNAL", $"the journal's last measured event of {JsonGate.Quote(check)} is of another file than {path}");
        }
        var expected = measured.Keys.Select(MeasurementPath).ToHashSet(StringComparer.Ordinal);
        if (files.Under("measurements/").FirstOrDefault(path => !expected.Contains(path)) is { } unseen)
            throw Rejection.Because("EVD_JOURNAL", $"the journal has no measured event for {unseen}");
    }

    private static Judgement Recompute(
        Certificate certificate, Standard standard, Evidence evidence, Func<Standard, Evidence, ImmutableArray<string>, Judgement> judge)
    {
        var waived = certificate.Waivers.Select(waiver => waiver.Content.Check).Order(StringComparer.Ordinal).ToImmutableArray();
        Judgement plain, recomputed;
        try
        {
            plain = judge(standard, evidence, []);
            recomputed = waived.IsEmpty ? plain : judge(standard, evidence, waived);
        }
        catch (Exception cannot) when (cannot is FileNotFoundException or InvalidDataException or KeyNotFoundException)
        {
            throw Differs($"the evidence cannot be judged: {cannot.Message}");
        }
        var files = (EvidenceFiles)evidence.Files;
        if (!VerdictsFile.Write(plain).AsSpan().SequenceEqual(files.Need("verdicts.json").Span))
            throw Differs("verdicts.json is not what judging the evidence again gives");
        if (!recomputed.Waived.Order(StringComparer.Ordinal).SequenceEqual(waived))
            throw Differs($"of the failures waived, {string.Join(", ", waived)}, the evidence and the standard let only these be: {string.Join(", ", recomputed.Waived)}");
        if (recomputed.Outcome != Outcome.Certified)
            throw Differs($"judged again, the run is {Words.Of(recomputed.Outcome)}");
        if (recomputed.Level != certificate.Level || !recomputed.Caps.SequenceEqual(certificate.Caps))
            throw Differs($"judged again, the level is {Words.Of(recomputed.Level)}, capped by {recomputed.Caps.Length}; the certificate says otherwise");
        var results = recomputed.Findings.Select(finding => CheckResult.Of(finding, standard.Clause(finding.Check).Requirement));
        return CertificateWriter.WriteResults([.. results]).AsSpan().SequenceEqual(CertificateWriter.WriteResults(certificate.Results))
            ? recomputed
            : throw Differs("judged again, verdicts or figures differ from the certificate's");
    }

    private static RejectedException Differs(string message) => Rejection.Because("RESULT_RECOMPUTED", message);
}
