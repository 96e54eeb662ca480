using System.Collections.Immutable;
using System.Text;

namespace Adaptation.Certificates;

/// <summary>What a log holds of a signed object: both digests of what was signed, and who signed. The object itself stays outside.</summary>
/// <remarks>
/// Format <c>hwcert-leaf/v1</c>: that line, SHA-256 and SM3 of the signed bytes (PAE), then the key ids, sorted; hexadecimal, each with a line feed. One form for every
/// DSSE object: certificates, challenges, run results passed or failed, status lists, roots, approvals, waivers. A signature that was taken away or exchanged shows.
/// </remarks>
public sealed record LogLeaf
{
    private const string Format = "hwcert-leaf/v1";
    private const string KeyIdPrefix = "sha256:";
    private static readonly ImmutableArray<string> PayloadTypes =
        [CertificateFormat.PayloadType, "application/vnd.hwcert.status+json", "application/vnd.hwcert.root+json"];

    private LogLeaf(ImmutableArray<byte> bytes) => (Bytes, Hash) = (bytes, Merkle.Leaf(bytes.AsSpan()));

    /// <summary>The log's entry.</summary>
    public ImmutableArray<byte> Bytes { get; }

    public LogHash Hash { get; }

    /// <summary>For a signed object whose signatures were verified.</summary>
    /// <param name="payload">The verified bytes.</param>
    /// <param name="keyIds">Of the keys that verified, <c>sha256:</c> and 64 hex digits.</param>
    /// <exception cref="RejectedException">LOG_LEAF: no key id, one twice, or one of another form.</exception>
    public static LogLeaf For(string payloadType, ReadOnlySpan<byte> payload, IEnumerable<string> keyIds)
    {
        var ids = keyIds.Select(id => id.StartsWith(KeyIdPrefix, StringComparison.Ordinal) && Digests.IsHex(id[KeyIdPrefix.Length..], 64)
            ? id[KeyIdPrefix.Length..]
            : throw Rejection.Because("LOG_LEAF", $"the key id {JsonGate.Quote(id)} is not sha256: and 64 hex digits, so that the log could not say who signed")).Order(StringComparer.Ordinal).ToArray();
        if (ids.Length == 0 || ids.Distinct(StringComparer.Ordinal).Count() != ids.Length)
            throw Rejection.Because("LOG_LEAF", ids.Length == 0 ? "nobody signed" : "a key signed twice; a key counts once");
        var pae = Digests.Of(Dsse.Pae(payloadType, payload));
        return new LogLeaf([.. Encoding.ASCII.GetBytes($"{Format}\n{pae.Sha256}\n{pae.Sm3}\n{string.Concat(ids.Select(id => id + "\n"))}")]);
    }

    /// <summary>For a DSSE envelope as it lies in a file. A signature that names a key of the store has to verify under it.</summary>
    /// <param name="trust">Keys that are known here. Where a signature names none of them, the id that it names is taken: the log says who is said to have signed.</param>
    /// <exception cref="RejectedException">ENV_*: not an envelope of a type that is logged. SIG_*: a signature by a known key does not verify. LOG_LEAF: a signature by nobody known that names no key.</exception>
    public static LogLeaf Of(ReadOnlyMemory<byte> envelope, TrustStore trust)
    {
        var read = Dsse.Read(envelope, PayloadTypes, "ENV");
        var message = Dsse.Pae(read.PayloadType, read.Payload);
        return For(read.PayloadType, read.Payload, read.Signatures.Select(signature => Signer(signature, message, trust)));
    }

    /// <summary>Whether another leaf is of the same signed bytes, whoever signed them.</summary>
    internal bool HasContentOf(ReadOnlySpan<byte> other)
    {
        var content = Format.Length + 1 + 2 * 65; // to the end of both digests
        return other.Length > content && other[..content].SequenceEqual(Bytes.AsSpan()[..content]);
    }

    private static string Signer(DsseSignature signature, byte[] message, TrustStore trust)
    {
        var known = trust.Keys.Where(key => signature.KeyId.Length == 0 || key.KeyId == signature.KeyId).ToList();
        if (known.Find(key => key.Refuse(message, signature.Value.AsSpan()) is null) is { } signer)
            return signer.KeyId;
        if (signature.KeyId.Length == 0)
            throw Rejection.Because("LOG_LEAF", "a signature names no key and verifies under none that is trusted here, so that the log could not say who signed");
        return known.Count == 0 ? signature.KeyId
            : throw Rejection.Because(known[0].Refuse(message, signature.Value.AsSpan())!, $"the signature by {signature.KeyId} does not verify: the content was changed, or another key signed it");
    }
}
