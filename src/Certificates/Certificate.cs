using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>What a certificate says. Only one that passed is ever issued, so the result follows from whether something was waived.</summary>
public sealed record Certificate
{
    /// <summary>Of the bytes of <c>combination.lock</c>: the one subject.</summary>
    public required DigestPair Lock { get; init; }

    /// <summary>Unique for ever.</summary>
    public required string CertificateId { get; init; }

    /// <summary>Ids of certificates that this one replaces.</summary>
    public ImmutableArray<string> Supersedes { get; init; } = [];

    /// <summary>At least L1; exactly L1 by a test key.</summary>
    public required Level Level { get; init; }

    public required ImmutableArray<string> Caps { get; init; }

    /// <summary>For display; matching goes by digests.</summary>
    public required string ProfileId { get; init; }

    public required string ModelId { get; init; }

    public required string RunId { get; init; }

    /// <summary>Whole seconds, like the two times that follow; not after <see cref="NotBefore"/>.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required Issuer Issuer { get; init; }

    /// <summary>32 lowercase hex digits, drawn before the run.</summary>
    public required string Challenge { get; init; }

    /// <summary>The same as in the lock, at every depth.</summary>
    public required CanonicalValue.Object Combination { get; init; }

    public required SuiteReference Suite { get; init; }

    /// <summary>In the order of the suite's checks, each check once.</summary>
    public required ImmutableArray<CheckResult> Results { get; init; }

    /// <summary>Hardening rule to the profile's reason for an exception.</summary>
    public ImmutableSortedDictionary<string, string> Exceptions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Each for another must of <see cref="Results"/> that failed; not checked here: <see cref="VerifiedCertificate.Waivers"/> are.</summary>
    public ImmutableArray<SignedWaiver> Waivers { get; init; } = [];

    /// <summary><c>WARNED</c> exactly where there are waivers, else <c>PASSED</c>.</summary>
    public string Result => Waivers.IsEmpty ? "PASSED" : "WARNED";

    /// <summary>Members of the combination whose change ends the certificate's meaning. Nothing inherits it in this version.</summary>
    public required ImmutableArray<string> VoidedBy { get; init; }

    public required EvidenceReference Evidence { get; init; }

    public required JournalReference Journal { get; init; }
}

/// <param name="Id">Such as a URI of the laboratory; for display.</param>
/// <param name="Environment">Must be that of the keys that signed.</param>
public sealed record Issuer(string Id, KeyEnvironment Environment);

/// <param name="Name">Of the suite that was run.</param>
/// <param name="Version">Of the standard.</param>
/// <param name="Sha256">Of the standard's file, 64 lowercase hex digits.</param>
public sealed record SuiteReference(string Name, string Version, string Sha256);

/// <param name="Digests">Of the manifest's bytes.</param>
/// <param name="Size">Of the manifest, in bytes.</param>
public sealed record EvidenceReference(DigestPair Digests, long Size);

/// <summary>Where a journal ends, so that one that was cut off shows.</summary>
/// <param name="Last">SHA-256 of the last line with its line feed, 64 lowercase hex digits.</param>
public sealed record JournalReference(long Lines, string Last);

/// <summary>One check as the certificate states it.</summary>
/// <param name="Verdict">pass, fail, inconclusive or not_applicable.</param>
/// <param name="Reason">Why it did not pass; null exactly for a pass.</param>
public sealed record CheckResult(string Check, Requirement Requirement, string Verdict, string? Reason, ImmutableArray<Figure> Figures)
{
    public static CheckResult Of(Finding finding, Requirement requirement) => new(
        finding.Check,
        requirement,
        finding.Verdict.Word,
        finding.Verdict switch
        {
            Core.Verdict.Fail fail => $"measured {fail.Measured}; limit {fail.Limit}",
            Core.Verdict.Inconclusive inconclusive => inconclusive.Reason,
            Core.Verdict.NotApplicable notApplicable => notApplicable.Reason,
            _ => null,
        },
        finding.Figures);
}

/// <summary>How the checks came out. Always computed from the results; a certificate that states other numbers is refused.</summary>
/// <param name="Required">Musts that apply.</param>
/// <param name="Executed">Musts that came to pass or fail.</param>
public sealed record SuiteCounts(int Pass, int Fail, int Inconclusive, int NotApplicable, int Required, int Executed)
{
    public static SuiteCounts Of(ImmutableArray<CheckResult> results)
    {
        var musts = results.Where(result => result.Requirement == Requirement.Must).ToList();
        int Count(string verdict) => results.Count(result => result.Verdict == verdict);
        return new SuiteCounts(
            Count("pass"),
            Count("fail"),
            Count("inconclusive"),
            Count("not_applicable"),
            musts.Count(result => result.Verdict != "not_applicable"),
            musts.Count(result => result.Verdict is "pass" or "fail"));
    }
}
