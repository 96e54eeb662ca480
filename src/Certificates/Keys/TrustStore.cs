using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>The public keys that a verifier believes, obtained separately and never from beside a certificate.</summary>
/// <remarks>File format <c>adaptation.trust/v1</c>: a list of key records, as in a root; every member is known and required.</remarks>
public sealed class TrustStore
{
    private const int MaxBytes = 1 << 20;
    private const string Schema = "adaptation.trust/v1";
    private static readonly JsonShape Shape = new(("schema", JsonShape.Free), ("keys", KeyRecordJson.Shape));

    private TrustStore(ImmutableArray<KeyRecord> keys) => Keys = keys;

    public ImmutableArray<KeyRecord> Keys { get; }

    /// <exception cref="RejectedException">KEY_*: a record contradicts itself or another.</exception>
    public static TrustStore Of(params ImmutableArray<KeyRecord> keys)
    {
        foreach (var key in keys)
            KeyRecordJson.Check(key);
        if (keys.Select(key => key.KeyId).Distinct(StringComparer.Ordinal).Count() != keys.Length)
            throw Rejection.Because("KEY_DUP", "a key stands in the trust store twice");
        if (keys.Select(key => key.Environment).Distinct().Count() > 1)
            throw Rejection.Because("KEY_ENVIRONMENT", "the trust store mixes test and production keys");
        return new TrustStore(keys);
    }

    /// <exception cref="RejectedException">TRUST_* if the file is malformed, KEY_* if a record is not acceptable.</exception>
    public static TrustStore Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "TRUST", MaxBytes, Shape);
        var root = new JsonMembers(document.RootElement, "TRUST", "");
        root.Expect("schema", Schema);
        var keys = root.Objects("keys", KeyRecordJson.Read);
        root.RefuseOthers();
        return Of(keys);
    }

    public byte[] Write() => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("keys");
        foreach (var key in Keys)
            KeyRecordJson.Write(writer, key);
        writer.WriteEndArray();
        writer.WriteString("schema", Schema);
        writer.WriteEndObject();
    });
}
