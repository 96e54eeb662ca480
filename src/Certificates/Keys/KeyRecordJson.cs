using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>How key records are spelled in trust files and roots, and what makes one acceptable.</summary>
internal static class KeyRecordJson
{
    public static readonly JsonShape Shape = JsonShape.Of(
        "algorithm", "duty", "encoding", "environment", "keyid", "person", "revokedAt", "role", "spki", "userId", "validFrom", "validTo");

    /// <exception cref="RejectedException">KEY_*, or a code of the document's prefix: every member is known and required but where <see cref="Write"/> leaves it out.</exception>
    public static KeyRecord Read(JsonMembers record)
    {
        var spki = StrictBase64.TryDecode(record.Text("spki")) ?? throw Rejection.Because("KEY_ENCODING", "spki is not strict base64");
        var key = new KeyRecord
        {
            KeyId = record.Identity("keyid"),
            Algorithm = Words.TryAlgorithm(record.Text("algorithm")) ?? throw Unknown("KEY_ALGORITHM", record, "algorithm"),
            Spki = [.. spki],
            Duty = ReadDuty(record),
            Person = record.TryText("person"),
            ValidFrom = record.Time("validFrom"),
            ValidTo = record.Time("validTo"),
            RevokedAt = record.TryGet("revokedAt") is null ? null : record.Time("revokedAt"),
            Environment = Words.TryEnvironment(record.Text("environment")) ?? throw Unknown("KEY_ENVIRONMENT", record, "environment"),
        };
        record.Expect("encoding", Encoding(key.Algorithm));
        if (record.TryText("userId") != UserId(key.Algorithm))
            throw Rejection.Because("KEY_USER_ID", $"{key.KeyId}: userId must be {Sm2.UserId} for an SM2 key and absent for any other");
        record.RefuseOthers();
        Check(key);
        return key;
    }

    public static void Write(Utf8JsonWriter writer, KeyRecord key)
    {
        writer.WriteStartObject();
        writer.WriteString("algorithm", Words.Of(key.Algorithm));
        if (key.Role == Words.Issuer)
            writer.WriteString("duty", Words.Of(key.Duty));
        writer.WriteString("encoding", Encoding(key.Algorithm));
        writer.WriteString("environment", Words.Of(key.Environment));
        writer.WriteString("keyid", key.KeyId);
        writer.WriteOptional("person", key.Person);
        if (key.RevokedAt is { } revoked)
            writer.WriteString("revokedAt", UtcText.Write(revoked));
        writer.WriteString("role", key.Role);
        writer.WriteBase64String("spki", key.Spki.AsSpan());
        writer.WriteOptional("userId", UserId(key.Algorithm));
        writer.WriteString("validFrom", UtcText.Write(key.ValidFrom));
        writer.WriteString("validTo", UtcText.Write(key.ValidTo));
        writer.WriteEndObject();
    }

    /// <exception cref="RejectedException">KEY_ENCODING, KEY_WEAK, KEY_CURVE, KEY_ID, KEY_PERSON, KEY_ALGORITHM or KEY_WINDOW.</exception>
    public static void Check(KeyRecord key)
    {
        var spki = key.Spki.AsSpan();
        var algorithm = Spki.AlgorithmOf(spki)
            ?? throw Rejection.Because("KEY_ENCODING", $"{key.KeyId}: the public key is no uncompressed P-256 or SM2 point and no Ed25519 key in its plain encoding");
        if (algorithm != key.Algorithm)
            throw Rejection.Because("KEY_CURVE", $"{key.KeyId}: recorded as {Words.Of(key.Algorithm)}, but it is a key for {Words.Of(algorithm)}");
        if (algorithm == KeyAlgorithm.Ed25519 && Ed25519.IsWeak(Spki.Point(spki)))
            throw Rejection.Because("KEY_WEAK", $"{key.KeyId}: no honest Ed25519 key is this point: of small order, under which anybody can sign, or not in its one spelling");
        if (Spki.KeyId(spki) != key.KeyId)
            throw Rejection.Because("KEY_ID", $"{key.KeyId} is not the digest of its key, {Spki.KeyId(spki)}");
        if (key.IsPersonal == (key.Person is null) || (key.Person is { } person && !TextRules.IsIdentity(person)))
            throw Rejection.Because("KEY_PERSON", $"{key.KeyId}: person must name whose key it is, in printable ASCII, for a tester or reviewer, and be absent for any other");
        if (!Allows(key.Duty, algorithm))
            throw Rejection.Because("KEY_ALGORITHM", $"{key.KeyId}: a key for {Words.Of(algorithm)} cannot have the role {key.Role}");
        if (key.ValidTo < key.ValidFrom)
            throw Rejection.Because("KEY_WINDOW", $"{key.KeyId}: validTo is before validFrom");
    }

    /// <summary>Logs and witnesses sign notes, which take Ed25519; time-stamp tokens take P-256; everything else is an envelope, signed by P-256 or SM2.</summary>
    private static bool Allows(KeyDuty duty, KeyAlgorithm algorithm) => duty switch
    {
        KeyDuty.Log or KeyDuty.Witness => algorithm == KeyAlgorithm.Ed25519,
        KeyDuty.TimeStamp => algorithm == KeyAlgorithm.EcdsaP256Sha256,
        _ => algorithm != KeyAlgorithm.Ed25519,
    };

    private static KeyDuty ReadDuty(JsonMembers record)
    {
        var duty = record.TryText("duty");
        return record.Text("role") == Words.Issuer
            ? Words.TryDuty(record.Text("duty")) ?? throw Unknown("KEY_ROLE", record, "duty")
            : duty is null
                ? Words.TryRole(record.Text("role")) ?? throw Unknown("KEY_ROLE", record, "role")
                : throw Rejection.Because("KEY_ROLE", $"the role {JsonGate.Quote(record.Text("role"))} has no duty {JsonGate.Quote(duty)}; only an issuer has one");
    }

    private static string Encoding(KeyAlgorithm algorithm) => algorithm == KeyAlgorithm.Ed25519 ? "raw" : "der";

    private static string? UserId(KeyAlgorithm algorithm) => algorithm == KeyAlgorithm.Sm2Sm3 ? Sm2.UserId : null;

    private static RejectedException Unknown(string code, JsonMembers record, string name) =>
        Rejection.Because(code, $"{name} {JsonGate.Quote(record.Text(name))} is unknown");
}
