using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Adaptation.Certificates;

/// <summary>One signature of an envelope.</summary>
/// <param name="KeyId">An unauthenticated hint: it narrows the search for the key and decides nothing. Empty: none.</param>
internal sealed record DsseSignature(string KeyId, ImmutableArray<byte> Value);

/// <summary>A signed envelope, DSSE 1.0.2. Nothing in it is to be believed or shown before its signatures were checked.</summary>
internal sealed record DsseEnvelope(string PayloadType, byte[] Payload, ImmutableArray<DsseSignature> Signatures);

/// <summary>Reads and writes DSSE envelopes.</summary>
/// <remarks>Source: secure-systems-lab/dsse, protocol.md and envelope.md, version 1.0.2.</remarks>
internal static class Dsse
{
    public const int MaxBytes = 1 << 20;
    public const int MaxSignatures = 64;

    internal static readonly JsonShape Shape =
        new(("payload", JsonShape.Free), ("payloadType", JsonShape.Free), ("signatures", JsonShape.Of("keyid", "sig")));

    /// <summary>The bytes that are signed: lengths are counted in bytes, so that no two pairs of type and payload give the same.</summary>
    public static byte[] Pae(string type, ReadOnlySpan<byte> body)
    {
        var typeBytes = Encoding.UTF8.GetByteCount(type);
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {typeBytes} {type} {body.Length} "));
        var pae = new byte[head.Length + body.Length];
        head.CopyTo(pae, 0);
        body.CopyTo(pae.AsSpan(head.Length));
        return pae;
    }

    /// <summary>Writes without white space and without a final line feed, so that every byte of the file matters.</summary>
    public static byte[] Write(DsseEnvelope envelope) => LiteralJsonEncoder.Write(writer => Write(writer, envelope));

    /// <summary>The same as a value within another document.</summary>
    public static void Write(Utf8JsonWriter writer, DsseEnvelope envelope)
    {
        writer.WriteStartObject();
        writer.WriteBase64String("payload", envelope.Payload);
        writer.WriteString("payloadType", envelope.PayloadType);
        writer.WriteStartArray("signatures");
        foreach (var signature in envelope.Signatures)
        {
            writer.WriteStartObject();
            if (signature.KeyId.Length > 0)
                writer.WriteString("keyid", signature.KeyId);
            writer.WriteBase64String("sig", signature.Value.AsSpan());
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <param name="payloadType">The one type that this file may have.</param>
    /// <param name="prefix">What the reason codes begin with: ENV for a certificate's.</param>
    /// <exception cref="RejectedException">With a code of that prefix.</exception>
    public static DsseEnvelope Read(ReadOnlyMemory<byte> file, string payloadType, string prefix) => Read(file, [payloadType], prefix);

    /// <param name="payloadTypes">Those that the file may have.</param>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte}, string, string)"/>
    public static DsseEnvelope Read(ReadOnlyMemory<byte> file, ImmutableArray<string> payloadTypes, string prefix)
    {
        using var document = JsonGate.Parse(file, prefix, MaxBytes, Shape);
        var envelope = new JsonMembers(document.RootElement, prefix, "");
        return Read(envelope, payloadTypes.FirstOrDefault(type => type == envelope.TryText("payloadType"), payloadTypes[0]));
    }

    /// <summary>Reads one that may have no signatures yet, to add the first.</summary>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte}, string, string)"/>
    public static DsseEnvelope ReadDraft(ReadOnlyMemory<byte> file, string payloadType, string prefix)
    {
        using var document = JsonGate.Parse(file, prefix, MaxBytes, Shape);
        return Read(new JsonMembers(document.RootElement, prefix, ""), payloadType, fewest: 0);
    }

    /// <summary>Reads an envelope that is a value within a document that has passed the gates.</summary>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte}, string, string)"/>
    public static DsseEnvelope Read(JsonMembers envelope, string payloadType) => Read(envelope, payloadType, fewest: 1);

    private static DsseEnvelope Read(JsonMembers envelope, string payloadType, int fewest)
    {
        var payload = envelope.Text("payload");
        var signatures = envelope.Objects("signatures", Entry);
        if (signatures.Length < fewest)
            throw envelope.Refuse("NO_SIGNATURES", "the envelope has no signatures");
        if (signatures.Length > MaxSignatures)
            throw envelope.Refuse("TOO_MANY_SIGS", $"the envelope has {signatures.Length} signatures; at most {MaxSignatures} are read");

        var alphabets = signatures.Aggregate(StrictBase64.Seen(payload), (seen, signature) => seen | StrictBase64.Seen(signature.Sig));
        if (alphabets == (StrictBase64.Alphabet.Standard | StrictBase64.Alphabet.UrlSafe))
            throw envelope.Refuse("BASE64", "the envelope mixes the two base64 alphabets");
        var body = Decode(envelope, "payload", payload);
        var values = signatures.Select(signature => new DsseSignature(signature.KeyId, [.. Decode(envelope, "sig", signature.Sig)]));
        CheckType(envelope, envelope.Text("payloadType"), payloadType);
        return new DsseEnvelope(payloadType, body, [.. values]);
    }

    private static (string KeyId, string Sig) Entry(JsonMembers signature)
    {
        var sig = signature.Text("sig");
        return sig.Length > 0
            ? (signature.TryText("keyid") ?? "", sig)
            : throw signature.Refuse("EMPTY_SIG", "a signature is empty");
    }

    private static byte[] Decode(JsonMembers envelope, string name, string text) =>
        StrictBase64.TryDecode(text)
        ?? throw envelope.Refuse("BASE64", $"{name} is not strict base64: padded, one alphabet, no white space, unused bits zero");

    private static void CheckType(JsonMembers envelope, string seen, string expected)
    {
        if (seen == expected)
            return;
        if (!Ascii.IsValid(seen))
            throw envelope.Refuse("TYPE_NON_ASCII", $"payloadType {JsonGate.Quote(seen)} is not ASCII");
        var bare = seen.Split(';')[0].Replace(" ", "", StringComparison.Ordinal);
        throw string.Equals(bare, expected, StringComparison.OrdinalIgnoreCase)
            ? envelope.Refuse("TYPE_VARIANT", $"payloadType {JsonGate.Quote(seen)} is another spelling of {expected}")
            : envelope.Refuse("TYPE_NOT_ALLOWED", $"payloadType is {JsonGate.Quote(seen)}; this file may only be {expected}");
    }
}
