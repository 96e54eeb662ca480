using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Whether the waivers of a certificate are of this very run, in force, allowed by its standard, and no more than that allows.</summary>
internal static class WaiverCheck
{
    /// <param name="standard">The one that the certificate names.</param>
    /// <exception cref="RejectedException">WAIVER_SIG, WAIVER_SCOPE, WAIVER_EXPIRED, WAIVER_FORBIDDEN, WAIVER_OUTLIVED or WAIVER_CAP: the first that applies.</exception>
    public static ImmutableArray<VerifiedWaiver> Check(Certificate certificate, TrustStore trust, DateTimeOffset now, Standard standard)
    {
        if (standard.Sha256 != certificate.Suite.Sha256)
            throw Rejection.Because("SUITE_UNKNOWN", $"the certificate names the standard {certificate.Suite.Sha256}; this is {standard.Sha256}");
        var waivers = certificate.Waivers.Select(waiver => VerifiedWaiver.Check(waiver, trust, now)).ToImmutableArray();
        foreach (var waiver in waivers)
        {
            CheckKeys(waiver, certificate);
            CheckScope(waiver.Content, certificate);
            CheckTimes(waiver.Content, certificate, now);
            CheckStandard(waiver.Content, certificate, standard);
        }
        var required = SuiteCounts.Of(certificate.Results).Required;
        var cap = standard.Waivers.Cap(certificate.Level, required);
        return waivers.Length <= cap
            ? waivers
            : throw Rejection.Because("WAIVER_CAP", $"{waivers.Length} waivers; a certificate of level {Words.Of(certificate.Level)} with {required} required checks has at most {cap}");
    }

    private static void CheckKeys(VerifiedWaiver waiver, Certificate certificate)
    {
        if (waiver.Signers.FirstOrDefault(key => key.Environment != certificate.Issuer.Environment) is { } other)
            throw Because("WAIVER_SIG", waiver.Content, $"{other.KeyId} is a {Words.Of(other.Environment)} key; the certificate says {Words.Of(certificate.Issuer.Environment)}");
    }

    private static void CheckScope(Waiver waiver, Certificate certificate)
    {
        var failed = certificate.Results.First(result => result.Check == waiver.Check);
        ReadOnlySpan<(string What, string Seen, string Expected)> facts =
        [
            ("combination.lock", waiver.Lock.ToString(), certificate.Lock.ToString()),
            ("standard", waiver.Suite.Sha256, certificate.Suite.Sha256),
            ("version of the standard", waiver.Suite.Version, certificate.Suite.Version),
            ("suite", waiver.Suite.Name, certificate.Suite.Name),
            ("run", waiver.RunId, certificate.RunId),
            ("evidence", waiver.Evidence.ToString(), certificate.Evidence.Digests.ToString()),
            ("failure", waiver.Measured, failed.Reason!),
        ];
        foreach (var (what, seen, expected) in facts)
            if (seen != expected)
                throw Because("WAIVER_SCOPE", waiver, $"the {what} is {JsonGate.Quote(seen)}; the certificate's is {JsonGate.Quote(expected)}");
    }

    private static void CheckTimes(Waiver waiver, Certificate certificate, DateTimeOffset now)
    {
        if (now > waiver.ExpiresAt || certificate.IssuedAt > waiver.ExpiresAt)
            throw Because("WAIVER_EXPIRED", waiver, $"it expired {UtcText.Write(waiver.ExpiresAt)}; it is {UtcText.Write(now)}, the certificate was issued {UtcText.Write(certificate.IssuedAt)}");
        if (waiver.IssuedAt > certificate.IssuedAt)
            throw Because("WAIVER_EXPIRED", waiver, $"it was issued {UtcText.Write(waiver.IssuedAt)}, after the certificate");
        if (certificate.NotAfter > waiver.ExpiresAt)
            throw Because("WAIVER_OUTLIVED", waiver, $"it expires {UtcText.Write(waiver.ExpiresAt)} and the certificate {UtcText.Write(certificate.NotAfter)}");
    }

    private static void CheckStandard(Waiver waiver, Certificate certificate, Standard standard)
    {
        if (standard.TryFindSuite(certificate.Suite.Name)?.Checks.Contains(waiver.Check) is not true)
            throw Because("WAIVER_SCOPE", waiver, $"the suite {certificate.Suite.Name} of {standard.Name} {standard.Version} has no such check");
        if (standard.Clause(waiver.Check) is not { Waivable: true, Requirement: Requirement.Must })
            throw Because("WAIVER_FORBIDDEN", waiver, $"{standard.Name} {standard.Version} does not mark {waiver.Check} as one that can be waived");
        if (waiver.ExpiresAt - waiver.IssuedAt > TimeSpan.FromDays(standard.Waivers.DaysMax))
            throw Because("WAIVER_CAP", waiver, $"it is to hold from {UtcText.Write(waiver.IssuedAt)} to {UtcText.Write(waiver.ExpiresAt)}; the standard allows {standard.Waivers.DaysMax} days");
    }

    private static RejectedException Because(string code, Waiver waiver, string why) =>
        Rejection.Because(code, $"the waiver {waiver.WaiverId} of {waiver.Check}: {why}");
}
