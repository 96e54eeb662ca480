using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>What a key may be used for; the records of one trust store are all of one kind.</summary>
public enum KeyEnvironment
{
    /// <summary>Development and demonstration: caps every certificate at L1.</summary>
    Test,

    Production,
}

/// <summary>What an issuer's key signs; a key has one duty.</summary>
public enum KeyDuty
{
    /// <summary>Certificates.</summary>
    Certify,

    /// <summary>Approvals and waivers by the person who ran the test.</summary>
    Tester,

    /// <summary>Approvals and waivers by the person who reviewed it.</summary>
    Reviewer,
}

/// <summary>One trusted public key with all that decides how it is used. The algorithm comes from here and never from a signed file.</summary>
public sealed record KeyRecord
{
    /// <summary><c>sha256:</c> and 64 lowercase hex digits: of the bytes of <see cref="Spki"/>.</summary>
    public required string KeyId { get; init; }

    public required KeyAlgorithm Algorithm { get; init; }

    /// <summary>As files spell it: <c>sm2-sm3</c> or <c>ecdsa-p256-sha256</c>.</summary>
    public string AlgorithmName => Words.Of(Algorithm);

    /// <summary>DER SubjectPublicKeyInfo, 91 bytes, uncompressed point.</summary>
    public required ImmutableArray<byte> Spki { get; init; }

    public required KeyDuty Duty { get; init; }

    /// <summary>Whose key it is, such as <c>u-17</c>: printable ASCII. Null exactly for a key that certifies, which is an institution's.</summary>
    public string? Person { get; init; }

    /// <summary>First instant of use; the window is closed at both ends.</summary>
    public required DateTimeOffset ValidFrom { get; init; }

    public required DateTimeOffset ValidTo { get; init; }

    public required KeyEnvironment Environment { get; init; }

    /// <summary>A record for a key of ours: id and algorithm follow from the key's bytes.</summary>
    /// <param name="person">Null for a key that certifies.</param>
    /// <exception cref="RejectedException">KEY_ENCODING: the bytes are no key of either algorithm.</exception>
    public static KeyRecord For(
        ReadOnlySpan<byte> spki, KeyDuty duty, DateTimeOffset validFrom, DateTimeOffset validTo, KeyEnvironment environment, string? person) => new()
        {
            KeyId = Certificates.Spki.KeyId(spki),
            Algorithm = Certificates.Spki.AlgorithmOf(spki)
                ?? throw Rejection.Because("KEY_ENCODING", "the public key is not an uncompressed P-256 or SM2 point in its plain encoding"),
            Spki = [.. spki],
            Duty = duty,
            Person = person,
            ValidFrom = validFrom,
            ValidTo = validTo,
            Environment = environment,
        };

    /// <summary>Whether both ends of the window admit this instant.</summary>
    public bool IsInForce(DateTimeOffset at) => ValidFrom <= at && at <= ValidTo;

    /// <summary>Checks one signature by this key's algorithm, encoding and user id, and by no other.</summary>
    /// <returns>Null if it verifies; else SIG_ENCODING, SIG_RANGE or SIG_BAD.</returns>
    internal string? Refuse(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (EcSignature.Refuse(signature, Algorithm) is { } code)
            return code;
        var verifies = Algorithm == KeyAlgorithm.Sm2Sm3
            ? Sm2.Verify(Spki.AsSpan(), message, signature)
            : P256.Verify(Spki.AsSpan(), message, signature);
        return verifies ? null : "SIG_BAD";
    }
}
