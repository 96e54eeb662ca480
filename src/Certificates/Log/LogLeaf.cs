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

    private LogLeaf(ImmutableArray<byte> bytes, ImmutableArray<string> unverified) => (Bytes, Hash, Unverified) = (bytes, Merkle.Leaf(bytes.AsSpan()), unverified);

    /// <summary>The log's entry.</summary>
    public ImmutableArray<byte> Bytes { get; }

    public LogHash Hash { get; }

    /// <summary>Key ids that were taken from the object's word: no key was known that made their signatures, which nobody has looked at.</summary>
    public ImmutableArray<string> Unverified { get; }

    /// <summary>For a signed object whose signatures were verified.</summary>
    /// <param name="payload">The verified bytes.</param>
    /// <param name="keyIds">Of the keys that verified, <c>sha256:</c> and 64 hex digits.</param>
    /// <exception cref="RejectedException">LOG_LEAF: no key id, one twice, or one of another form.</exception>
    public static LogLeaf For(string payloadType, ReadOnlySpan<byte> payload, IEnumerable<string> keyIds) => For(payloadType, payload, keyIds, unverified: []);

    private static LogLeaf For(string payloadType, ReadOnlySpan<byte> payload, IEnumerable<string> keyIds, ImmutableArray<string> unverified)
    {
        var ids = keyIds.Select(id => id.StartsWith(KeyIdPrefix, StringComparison.Ordinal) && Digests.IsHex(id[KeyIdPrefix.Length..], 64)
            ? id[KeyIdPrefix.Length..]
            : throw Rejection.Because("LOG_LEAF", $"the key id {JsonGate.Quote(id)} is not sha256: and 64 hex digits, so that the log could not say who signed")).Order(StringComparer.Ordinal).ToArray();
        if (ids.Length == 0 || ids.Distinct(StringComparer.Ordinal).Count() != ids.Length)
            throw Rejection.Because("LOG_LEAF", ids.Length == 0 ? "nobody signed" : "a key signed twice; a key counts once");
        var pae = Digests.Of(Dsse.Pae(payloadType, payload));
        return new LogLeaf([.. Encoding.ASCII.GetBytes($"{Format}\n{pae.Sha256}\n{pae.Sm3}\n{string.Concat(ids.Select(id => id + "\n"))}")], unverified);
    }

    /// <summary>For a DSSE envelope as it lies in a file. Whose key verifies a signature has made it, whatever id it names.</summary>
    /// <param name="trust">Keys that are known here. Where none of them made a signature and it names none of them, the id that it names is taken: the log says who is said to have signed.</param>
    /// <exception cref="RejectedException">ENV_*: not an envelope of a type that is logged. SIG_*: a signature that names a known key is by none that is known. LOG_LEAF: a signature by nobody known that names no key.</exception>
    public static LogLeaf Of(ReadOnlyMemory<byte> envelope, TrustStore trust)
    {
        var read = Dsse.Read(envelope, PayloadTypes, "ENV");
        var message = Dsse.Pae(read.PayloadType, read.Payload);
        var signers = read.Signatures.Select(signature => Signer(signature, message, trust)).ToList();
        return For(read.PayloadType, read.Payload, signers.Select(signer => signer.KeyId), [.. signers.Where(signer => !signer.IsVerified).Select(signer => signer.KeyId)]);
    }

    /// <summary>Whether another leaf is of the same signed bytes, whoever signed them.</summary>
    internal bool HasContentOf(ReadOnlySpan<byte> other)
    {
        var content = Format.Length + 1 + 2 * 65; // to the end of both digests
        return other.Length > content && other[..content].SequenceEqual(Bytes.AsSpan()[..content]);
    }

    private static (string KeyId, bool IsVerified) Signer(DsseSignature signature, byte[] message, TrustStore trust)
    {
        var named = trust.Keys.FirstOrDefault(key => key.KeyId == signature.KeyId); // a hint, which says whom to ask first
        if (trust.Keys.OrderByDescending(key => key == named).FirstOrDefault(key => key.Refuse(message, signature.Value.AsSpan()) is null) is { } signer)
            return (signer.KeyId, true);
        if (signature.KeyId.Length == 0)
            throw Rejection.Because("LOG_LEAF", "a signature names no key and verifies under none that is trusted here, so that the log could not say who signed");
        return named is null ? (signature.KeyId, false)
            : throw Rejection.Because(named.Refuse(message, signature.Value.AsSpan())!, $"the signature by {signature.KeyId} does not verify: the content was changed, or another key signed it");
    }
}
