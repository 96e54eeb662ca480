using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Reads the statement of a certificate out of bytes whose signatures have been checked.</summary>
internal static class CertificateReader
{
    /// <exception cref="RejectedException">STM_*, then RESULT_* and SUITE_INCOMPLETE: signed by a trusted key, and still no certificate of a pass.</exception>
    public static Certificate Read(ReadOnlyMemory<byte> payload)
    {
        using var document = JsonGate.Parse(payload, "STM", Dsse.MaxBytes, CertificateFormat.Statement);
        var statement = new JsonMembers(document.RootElement, "STM", "");
        if (statement.Text("_type") != CertificateFormat.StatementType)
            throw statement.Refuse("TYPE", $"_type is {JsonGate.Quote(statement.Text("_type"))}; expected {CertificateFormat.StatementType}");
        if (statement.Text("predicateType") is var type && type != CertificateFormat.PredicateType)
            throw statement.Refuse("PREDICATE_TYPE", $"predicateType is {JsonGate.Quote(type)}; expected {CertificateFormat.PredicateType}");

        var predicate = statement.Object("predicate");
        CheckVersion(predicate);
        var certificate = ReadContent(predicate, ReadSubject(statement));
        CheckTimes(predicate, certificate);
        CheckResult(predicate, certificate);
        CheckCounts(predicate.Object("suite"), certificate);
        return certificate;
    }

    private static DigestPair ReadSubject(JsonMembers statement)
    {
        if (statement.TryGet("subject") is null)
            throw statement.Refuse("SUBJECT_COUNT", "subject is missing; expected exactly one");
        var subjects = statement.Objects("subject", subject => subject);
        if (subjects.Length != 1)
            throw statement.Refuse("SUBJECT_COUNT", $"there are {subjects.Length} subjects; expected exactly one");
        subjects[0].Expect("name", CertificateFormat.SubjectName);
        return ReadDigest(subjects[0]);
    }

    private static DigestPair ReadDigest(JsonMembers of)
    {
        var digest = of.Object("digest");
        if (digest.TryGet("sha256") is null || digest.TryGet("sm3") is null)
            throw of.Refuse("DIGEST_MISSING", $"{of.PathOf("digest")} needs both sha256 and sm3");
        return new DigestPair(digest.Digest("sha256"), digest.Digest("sm3"));
    }

    private static void CheckVersion(JsonMembers predicate)
    {
        if (predicate.Text("schemaVersion") != CertificateFormat.SchemaVersion)
        {
            throw predicate.Refuse("VERSION",
                $"schemaVersion is {JsonGate.Quote(predicate.Text("schemaVersion"))}; this program reads {CertificateFormat.SchemaVersion}");
        }
        var critical = predicate.Texts("critical");
        foreach (var name in critical)
            if (!CertificateFormat.Predicate.Knows(name) || predicate.TryGet(name) is null)
                throw predicate.Refuse("CRITICAL", $"the critical member {JsonGate.Quote(name)} is unknown or missing; get a newer version of this program");
        if (critical.Distinct(StringComparer.Ordinal).Count() != critical.Length)
            throw predicate.Refuse("CRITICAL", "a member is named critical twice");
        if (CertificateFormat.Critical.Except(critical, StringComparer.Ordinal).FirstOrDefault() is { } missing)
            throw predicate.Refuse("CRITICAL", $"{missing} is not named critical");
    }

    private static Certificate ReadContent(JsonMembers predicate, DigestPair subject)
    {
        var (issuer, suite, scope) = (predicate.Object("issuer"), predicate.Object("suite"), predicate.Object("scope"));
        var (evidence, journal) = (predicate.Object("evidence"), predicate.Object("journal"));
        scope.Expect("inherits", "none");
        evidence.Expect("name", CertificateFormat.EvidenceName);
        var combination = CanonicalValue.ReadObject(predicate, "combination");
        CombinationLock.CheckTexts(combination, "combination", "STM");
        return new Certificate
        {
            Lock = subject,
            CertificateId = predicate.Identity("certificateId"),
            Supersedes = predicate.Array("supersedes", (item, path) => predicate.CheckIdentity(predicate.AsText(item, path), path)),
            Level = Words.TryLevel(predicate.Text("level")) ?? throw predicate.Refuse("MEMBER", "level is unknown"),
            Caps = [.. predicate.Texts("caps").Select(text => Readable(predicate, text, "caps"))],
            ProfileId = predicate.Identity("profileId"),
            ModelId = predicate.Identity("modelId"),
            RunId = predicate.Identity("runId"),
            IssuedAt = predicate.Time("issuedAt"),
            NotBefore = predicate.Time("notBefore"),
            NotAfter = predicate.Time("notAfter"),
            Issuer = new Issuer(
                issuer.Identity("id"),
                Words.TryEnvironment(issuer.Text("environment")) ?? throw issuer.Refuse("MEMBER", "environment is unknown")),
            Challenge = Digests.IsHex(predicate.Text("challenge"), 32)
                ? predicate.Text("challenge")
                : throw predicate.Refuse("MEMBER", "challenge is not 32 lowercase hex digits"),
            Combination = combination,
            Suite = new SuiteReference(suite.Identity("name"), suite.Identity("version"), suite.Object("digest").Digest("sha256")),
            Results = ReadResults(predicate),
            Exceptions = ReadExceptions(predicate),
            Waivers = predicate.Array("waivers", (item, path) => SignedWaiver.Read(new JsonMembers(item, WaiverStatement.Prefix, path))),
            VoidedBy = scope.Array("voidedBy", (item, path) => scope.CheckIdentity(scope.AsText(item, path), path)),
            Evidence = new EvidenceReference(ReadDigest(evidence), NotNegative(evidence, "size")),
            Journal = new JournalReference(NotNegative(journal, "lines"), journal.Digest("last")),
        };
    }

    private static ImmutableArray<CheckResult> ReadResults(JsonMembers predicate)
    {
        var results = predicate.Objects("results", ReadResult);
        return results.Select(result => result.Check).Distinct(StringComparer.Ordinal).Count() == results.Length
            ? results
            : throw predicate.Refuse("MEMBER", "a check has two results");
    }

    private static CheckResult ReadResult(JsonMembers result)
    {
        var read = new CheckResult(
            result.Identity("check"),
            Words.TryRequirement(result.Text("requirement")) ?? throw result.Refuse("MEMBER", "requirement is unknown"),
            result.Text("verdict"),
            result.TryText("reason") is { } reason ? Readable(result, reason, "reason") : null,
            result.Objects("figures", FigureJson.Read));
        if (read.Verdict is not ("pass" or "fail" or "inconclusive" or "not_applicable"))
            throw result.Refuse("MEMBER", $"verdict {JsonGate.Quote(read.Verdict)} is unknown");
        if (read.Reason is null != (read.Verdict == "pass"))
            throw result.Refuse("MEMBER", $"{read.Check}: a reason stands exactly where a check did not pass");
        foreach (var figure in read.Figures)
            _ = (Readable(result, figure.Name, "name"), Readable(result, figure.Unit, "unit"));
        return read;
    }

    private static ImmutableSortedDictionary<string, string> ReadExceptions(JsonMembers predicate)
    {
        var exceptions = predicate.TextMap("exceptions");
        foreach (var (rule, reason) in exceptions)
            _ = (predicate.CheckIdentity(rule, "exceptions"), Readable(predicate, reason, "exceptions"));
        return exceptions;
    }

    private static string Readable(JsonMembers members, string text, string name) =>
        TextRules.IsReadable(text)
            ? text
            : throw members.Refuse("TEXT", $"{members.PathOf(name)} holds characters that cannot be seen: {JsonGate.Quote(text)}");

    private static long NotNegative(JsonMembers members, string name) =>
        members.Integer(name) is >= 0 and var value ? value : throw members.Refuse("NUMBER", $"{members.PathOf(name)} is negative");

    private static void CheckTimes(JsonMembers predicate, Certificate certificate)
    {
        if (certificate.NotAfter < certificate.NotBefore)
            throw predicate.Refuse("TIME", "notAfter is before notBefore");
        if (certificate.NotBefore < certificate.IssuedAt)
            throw predicate.Refuse("TIME", "notBefore is before issuedAt: a certificate does not reach back");
    }

    private static void CheckResult(JsonMembers predicate, Certificate certificate)
    {
        var result = predicate.Text("result");
        if (result is not ("PASSED" or "WARNED"))
            throw Rejection.Because("RESULT_NOT_PASSED", $"result is {JsonGate.Quote(result)}; only PASSED and WARNED are certificates");
        if (result != certificate.Result)
            throw Rejection.Because("WAIVER_RESULT", $"result is {result} and there are {certificate.Waivers.Length} waivers; WARNED stands exactly where there are some");
        CheckWaived(certificate);
        var notPassed = certificate.Results.FirstOrDefault(check =>
            check is { Requirement: Requirement.Must, Verdict: not ("pass" or "not_applicable") }
            && certificate.Waivers.All(waiver => waiver.Content.Check != check.Check));
        if (notPassed is not null)
            throw Rejection.Because("RESULT_NOT_PASSED", $"{notPassed.Check} is a must and its verdict is {notPassed.Verdict}");
        if (!certificate.Results.Any(check => check.Verdict == "pass"))
            throw Rejection.Because("RESULT_NOT_PASSED", "no check passed");
        if (certificate.Level == Level.None)
            throw Rejection.Because("RESULT_LEVEL", "the level is none; a certificate has one from L1 to L5");
        if (certificate.Issuer.Environment == KeyEnvironment.Test && certificate.Level > Level.L1)
            throw Rejection.Because("RESULT_LEVEL", $"the level is {Words.Of(certificate.Level)}; test keys certify no more than L1");
    }

    /// <summary>A waiver is of a must that was carried out and failed, and a failure has one waiver: everything else is not there to be waived.</summary>
    private static void CheckWaived(Certificate certificate)
    {
        foreach (var waiver in certificate.Waivers)
        {
            var check = waiver.Content.Check;
            if (certificate.Results.FirstOrDefault(result => result.Check == check) is not { Requirement: Requirement.Must, Verdict: "fail" })
                throw Rejection.Because("WAIVER_SCOPE", $"the waiver {waiver.Content.WaiverId} is of {check}, which is no must of this certificate that failed");
            if (certificate.Waivers.Count(other => other.Content.Check == check) > 1)
                throw Rejection.Because("WAIVER_SCOPE", $"{check} is waived twice");
        }
    }

    private static void CheckCounts(JsonMembers suite, Certificate certificate)
    {
        var checks = suite.Object("checks");
        var stated = new SuiteCounts(
            Count(checks, "pass"), Count(checks, "fail"), Count(checks, "inconclusive"), Count(checks, "notApplicable"),
            Count(suite, "required"), Count(suite, "executed"));
        if (stated.Executed != stated.Required)
            throw Rejection.Because("SUITE_INCOMPLETE", $"{stated.Executed} of {stated.Required} required checks were executed");
        if (stated != SuiteCounts.Of(certificate.Results))
            throw Rejection.Because("SUITE_INCOMPLETE", $"the counts of checks are not those of the results: {stated}");
    }

    private static int Count(JsonMembers members, string name) => (int)Math.Min(NotNegative(members, name), int.MaxValue);
}
