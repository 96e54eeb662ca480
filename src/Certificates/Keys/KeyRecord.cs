using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>What a key may be used for; the records of one trust store are all of one kind.</summary>
public enum KeyEnvironment
{
    /// <summary>Development and demonstration: caps every certificate at L1.</summary>
    Test,

    Production,
}

/// <summary>What a key signs; a key has one duty. Files spell it as a role, and for the three duties of the role issuer as a duty too.</summary>
public enum KeyDuty
{
    /// <summary>Certificates and challenges. Role issuer.</summary>
    Certify,

    /// <summary>Approvals and waivers by the person who ran the test. Role issuer.</summary>
    Tester,

    /// <summary>Approvals and waivers by the person who reviewed it. Role issuer.</summary>
    Reviewer,

    /// <summary>Roots and suite policies; kept offline.</summary>
    Root,

    /// <summary>Status lists and the manifest of the trust pack.</summary>
    Status,

    /// <summary>Checkpoints of the transparency log; Ed25519.</summary>
    Log,

    /// <summary>Cosignatures under another's checkpoints; Ed25519.</summary>
    Witness,

    /// <summary>Time-stamp tokens (RFC 3161); P-256.</summary>
    TimeStamp,

    /// <summary>The results of a run, on the machine that ran it.</summary>
    Runner,
}

/// <summary>One trusted public key with all that decides how it is used. The algorithm comes from here and never from a signed file.</summary>
public sealed record KeyRecord
{
    /// <summary><c>sha256:</c> and 64 lowercase hex digits: of the bytes of <see cref="Spki"/>.</summary>
    public required string KeyId { get; init; }

    public required KeyAlgorithm Algorithm { get; init; }

    /// <summary>As files spell it: <c>sm2-sm3</c>, <c>ecdsa-p256-sha256</c> or <c>ed25519</c>.</summary>
    public string AlgorithmName => Words.Of(Algorithm);

    /// <summary>DER SubjectPublicKeyInfo: 91 bytes with an uncompressed point, or 44 for Ed25519.</summary>
    public required ImmutableArray<byte> Spki { get; init; }

    public required KeyDuty Duty { get; init; }

    /// <summary>As files spell it: <c>root</c>, <c>issuer</c>, <c>status</c>, <c>log</c>, <c>witness</c>, <c>time-stamp</c> or <c>runner</c>.</summary>
    public string Role => Words.RoleOf(Duty);

    /// <summary>Whose key it is, such as <c>u-17</c>: printable ASCII. There exactly for testers and reviewers; other keys are an institution's.</summary>
    public string? Person { get; init; }

    /// <summary>First instant of use; the window is closed at both ends.</summary>
    public required DateTimeOffset ValidFrom { get; init; }

    public required DateTimeOffset ValidTo { get; init; }

    /// <summary>From this instant on the key counts for nothing. Null: it was not revoked.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    public required KeyEnvironment Environment { get; init; }

    /// <summary>Whether a natural person holds it.</summary>
    public bool IsPersonal => Duty is KeyDuty.Tester or KeyDuty.Reviewer;

    /// <summary>A record for a key of ours: id and algorithm follow from the key's bytes.</summary>
    /// <param name="person">Null but for testers and reviewers.</param>
    /// <exception cref="RejectedException">KEY_ENCODING: the bytes are no key of a known algorithm.</exception>
    public static KeyRecord For(
        ReadOnlySpan<byte> spki, KeyDuty duty, DateTimeOffset validFrom, DateTimeOffset validTo, KeyEnvironment environment, string? person) => new()
        {
            KeyId = Certificates.Spki.KeyId(spki),
            Algorithm = Certificates.Spki.AlgorithmOf(spki)
                ?? throw Rejection.Because("KEY_ENCODING", "the public key is no uncompressed P-256 or SM2 point and no Ed25519 key in its plain encoding"),
            Spki = [.. spki],
            Duty = duty,
            Person = person,
            ValidFrom = validFrom,
            ValidTo = validTo,
            Environment = environment,
        };

    /// <summary>Whether both ends of the window admit this instant, and the key was not revoked by then.</summary>
    public bool IsInForce(DateTimeOffset at) => RefuseAt(at) is null;

    /// <returns>Null if the key is in force at that instant; else KEY_WINDOW or KEY_REVOKED.</returns>
    public Rejection? RefuseAt(DateTimeOffset at) =>
        at < ValidFrom || at > ValidTo
            ? new Rejection("KEY_WINDOW", $"{KeyId} is valid from {UtcText.Write(ValidFrom)} to {UtcText.Write(ValidTo)}; asked about {UtcText.Write(at)}")
        : RevokedAt <= at
            ? new Rejection("KEY_REVOKED", $"{KeyId} was revoked {UtcText.Write(RevokedAt.Value)}; asked about {UtcText.Write(at)}")
        : null;

    /// <summary>Checks one signature by this key's algorithm, encoding and user id, and by no other.</summary>
    /// <returns>Null if it verifies; else SIG_ENCODING, SIG_RANGE or SIG_BAD.</returns>
    internal string? Refuse(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (Algorithm == KeyAlgorithm.Ed25519)
            return Ed25519.Refuse(Certificates.Spki.Point(Spki.AsSpan()), message, signature);
        if (EcSignature.Refuse(signature, Algorithm) is { } code)
            return code;
        var verifies = Algorithm == KeyAlgorithm.Sm2Sm3 ? Sm2.Verify(Spki.AsSpan(), message, signature)
            : P256.Verify(Spki.AsSpan(), message, signature);
        return verifies ? null : "SIG_BAD";
    }
}
