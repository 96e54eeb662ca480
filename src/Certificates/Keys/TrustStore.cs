using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>The public keys that a verifier believes, obtained separately and never from beside a certificate.</summary>
/// <remarks>File format <c>adaptation.trust/v1</c>; every member is known and required, but for <c>userId</c>, which SM2 keys have, and <c>person</c>, which testers' and reviewers' keys have.</remarks>
public sealed class TrustStore
{
    private const int MaxBytes = 1 << 20;
    private const string Schema = "adaptation.trust/v1";

    private TrustStore(ImmutableArray<KeyRecord> keys) => Keys = keys;

    public ImmutableArray<KeyRecord> Keys { get; }

    /// <exception cref="RejectedException">KEY_ENCODING, KEY_CURVE, KEY_ID, KEY_DUP, KEY_PERSON, KEY_WINDOW or KEY_ENVIRONMENT: a record contradicts itself or another.</exception>
    public static TrustStore Of(params ImmutableArray<KeyRecord> keys)
    {
        foreach (var key in keys)
            Check(key);
        if (keys.Select(key => key.KeyId).Distinct(StringComparer.Ordinal).Count() != keys.Length)
            throw Rejection.Because("KEY_DUP", "a key stands in the trust store twice");
        if (keys.Select(key => key.Environment).Distinct().Count() > 1)
            throw Rejection.Because("KEY_ENVIRONMENT", "the trust store mixes test and production keys");
        return new TrustStore(keys);
    }

    /// <exception cref="RejectedException">TRUST_* if the file is malformed, KEY_* if a record is not acceptable.</exception>
    public static TrustStore Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "TRUST", MaxBytes, JsonShape.Free);
        var root = new JsonMembers(document.RootElement, "TRUST", "");
        root.Expect("schema", Schema);
        var keys = root.Objects("keys", ReadKey);
        root.RefuseOthers();
        return Of(keys);
    }

    public byte[] Write() => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("keys");
        foreach (var key in Keys)
            Write(writer, key);
        writer.WriteEndArray();
        writer.WriteString("schema", Schema);
        writer.WriteEndObject();
    });

    private static void Check(KeyRecord key)
    {
        var algorithm = Spki.AlgorithmOf(key.Spki.AsSpan())
            ?? throw Rejection.Because("KEY_ENCODING", $"{key.KeyId}: the public key is not an uncompressed P-256 or SM2 point in its plain encoding");
        if (algorithm != key.Algorithm)
            throw Rejection.Because("KEY_CURVE", $"{key.KeyId}: recorded as {Words.Of(key.Algorithm)}, but it is a key for {Words.Of(algorithm)}");
        if (Spki.KeyId(key.Spki.AsSpan()) != key.KeyId)
            throw Rejection.Because("KEY_ID", $"{key.KeyId} is not the digest of its key, {Spki.KeyId(key.Spki.AsSpan())}");
        if ((key.Duty == KeyDuty.Certify) != (key.Person is null) || (key.Person is { } person && !TextRules.IsIdentity(person)))
            throw Rejection.Because("KEY_PERSON", $"{key.KeyId}: person must name whose key it is, in printable ASCII, for a tester or reviewer, and be absent for {Words.Of(KeyDuty.Certify)}");
        if (key.ValidTo < key.ValidFrom)
            throw Rejection.Because("KEY_WINDOW", $"{key.KeyId}: validTo is before validFrom");
    }

    private static KeyRecord ReadKey(JsonMembers record)
    {
        var spki = StrictBase64.TryDecode(record.Text("spki")) ?? throw Rejection.Because("KEY_ENCODING", "spki is not strict base64");
        record.Expect("encoding", "der");
        if (record.Text("role") != "issuer")
            throw Rejection.Because("KEY_ROLE", $"role {JsonGate.Quote(record.Text("role"))} is unknown; expected issuer");
        var key = new KeyRecord
        {
            KeyId = record.Identity("keyid"),
            Algorithm = Words.TryAlgorithm(record.Text("algorithm")) ?? throw Unknown("KEY_ALGORITHM", record, "algorithm"),
            Spki = [.. spki],
            Duty = Words.TryDuty(record.Text("duty")) ?? throw Unknown("KEY_ROLE", record, "duty"),
            Person = record.TryText("person"),
            ValidFrom = record.Time("validFrom"),
            ValidTo = record.Time("validTo"),
            Environment = Words.TryEnvironment(record.Text("environment")) ?? throw Unknown("KEY_ENVIRONMENT", record, "environment"),
        };
        if (record.TryText("userId") != (key.Algorithm == KeyAlgorithm.Sm2Sm3 ? Sm2.UserId : null))
            throw Rejection.Because("KEY_USER_ID", $"{key.KeyId}: userId must be {Sm2.UserId} for an SM2 key and absent for any other");
        record.RefuseOthers();
        return key;
    }

    private static RejectedException Unknown(string code, JsonMembers record, string name) =>
        Rejection.Because(code, $"{name} {JsonGate.Quote(record.Text(name))} is unknown");

    private static void Write(Utf8JsonWriter writer, KeyRecord key)
    {
        writer.WriteStartObject();
        writer.WriteString("algorithm", Words.Of(key.Algorithm));
        writer.WriteString("duty", Words.Of(key.Duty));
        writer.WriteString("encoding", "der");
        writer.WriteString("environment", Words.Of(key.Environment));
        writer.WriteString("keyid", key.KeyId);
        writer.WriteOptional("person", key.Person);
        writer.WriteString("role", "issuer");
        writer.WriteBase64String("spki", key.Spki.AsSpan());
        if (key.Algorithm == KeyAlgorithm.Sm2Sm3)
            writer.WriteString("userId", Sm2.UserId);
        writer.WriteString("validFrom", UtcText.Write(key.ValidFrom));
        writer.WriteString("validTo", UtcText.Write(key.ValidTo));
        writer.WriteEndObject();
    }
}
