using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>A certificate whose signatures, form, result and times have been checked. There is no other way to get one.</summary>
public sealed class VerifiedCertificate
{
    private VerifiedCertificate(
        Certificate content, ImmutableArray<KeyRecord> keys, ImmutableArray<VerifiedWaiver> waivers, ReadOnlyMemory<byte> payload, string? knownSuite) =>
        (Content, Keys, Waivers, Payload, KnownSuite) = (content, keys, waivers, payload, knownSuite);

    /// <summary>Read out of <see cref="Payload"/>, and out of nothing else.</summary>
    public Certificate Content { get; }

    /// <summary>The trusted keys whose signatures verified, each once: at least one per algorithm.</summary>
    public ImmutableArray<KeyRecord> Keys { get; }

    /// <summary>Those of <see cref="Content"/>, in its order, each checked. Empty exactly for a result of <c>PASSED</c>.</summary>
    public ImmutableArray<VerifiedWaiver> Waivers { get; }

    /// <summary>The exact bytes that were signed.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>What the verifier calls the standard that the certificate names by digest; null if it was given no list of standards to know.</summary>
    public string? KnownSuite { get; }

    /// <summary>The steps of the design's section 5.3 that this version has, in their order.</summary>
    /// <exception cref="RejectedException">The first step that refuses.</exception>
    internal static VerifiedCertificate Check(
        ReadOnlyMemory<byte> file, TrustStore trust, DateTimeOffset now, ImmutableDictionary<string, string>? knownSuites, Func<string, Standard>? acceptWaivers)
    {
        var envelope = Dsse.Read(file, CertificateFormat.PayloadType, "ENV");
        var keys = SignatureCheck.Check(envelope, trust);
        var content = CertificateReader.Read(envelope.Payload);
        string? suite = null;
        if (knownSuites is not null && !knownSuites.TryGetValue(content.Suite.Sha256, out suite))
            throw Rejection.Because("SUITE_UNKNOWN", $"no known standard has the digest {content.Suite.Sha256} that the certificate names");
        foreach (var key in keys)
            CheckKey(key, content, now);
        var waivers = CheckWaivers(content, trust, now, acceptWaivers);
        if (now < content.NotBefore)
            throw Rejection.Because("CERT_NOT_YET_VALID", $"valid from {UtcText.Write(content.NotBefore)}; it is {UtcText.Write(now)}");
        if (now > content.NotAfter)
            throw Rejection.Because("CERT_EXPIRED", $"valid until {UtcText.Write(content.NotAfter)}; it is {UtcText.Write(now)}");
        return new VerifiedCertificate(content, keys, waivers, envelope.Payload, suite);
    }

    private static ImmutableArray<VerifiedWaiver> CheckWaivers(Certificate content, TrustStore trust, DateTimeOffset now, Func<string, Standard>? accept)
    {
        if (content.Waivers.IsEmpty)
            return [];
        return accept is not null
            ? WaiverCheck.Check(content, trust, now, accept(content.Suite.Sha256))
            : throw Rejection.Because("RESULT_WARNED",
                $"passed with {content.Waivers.Length} waiver(s), of {string.Join(", ", content.Waivers.Select(waiver => waiver.Content.Check))}; whoever relies on it has to say that waivers are accepted");
    }

    private static void CheckKey(KeyRecord key, Certificate content, DateTimeOffset now)
    {
        if (key.Environment != content.Issuer.Environment)
        {
            throw Rejection.Because("KEY_ENVIRONMENT",
                $"{key.KeyId} is a {Words.Of(key.Environment)} key; the certificate says {Words.Of(content.Issuer.Environment)}");
        }
        // No time stamp proves when a signature was made, so an expired or revoked key could sign with an old date: the key must be in force now, too.
        if ((key.RefuseAt(content.IssuedAt) ?? key.RefuseAt(now)) is { } why)
            throw new RejectedException(why with { Message = $"{why.Message}; the certificate was issued {UtcText.Write(content.IssuedAt)} and it is {UtcText.Write(now)}" });
    }
}
