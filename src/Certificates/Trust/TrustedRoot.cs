using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>Names one root: what every signed file of a trust pack has to name.</summary>
/// <param name="Sha256">Of the root's pre-authentication encoding, 64 lowercase hex digits: the same however many have signed.</param>
public sealed record RootReference(long Version, string Sha256);

/// <summary>A root with signatures that nobody has checked yet: what lies in <c>N.root.dsse.json</c>. <see cref="TrustedRoot"/> is what to believe.</summary>
public sealed class SignedRoot
{
    private SignedRoot(DsseEnvelope envelope, RootContent content) => (Envelope, Content) = (envelope, content);

    /// <summary>As the bytes say it, whoever signed them.</summary>
    public RootContent Content { get; }

    /// <summary>Of the pre-authentication encoding: what custodians and verifiers compare by voice, and what <see cref="Reference"/> holds.</summary>
    public DigestPair Digests => Certificates.Digests.Of(Message);

    public RootReference Reference => new(Content.Version, Digests.Sha256);

    internal DsseEnvelope Envelope { get; }

    private byte[] Message => Dsse.Pae(Envelope.PayloadType, Envelope.Payload);

    /// <summary>A root that nobody has signed yet. The content is read back as whoever checks it would.</summary>
    /// <exception cref="RejectedException">ROOT_* or KEY_*: no root that anyone would read.</exception>
    public static SignedRoot Draft(RootContent content)
    {
        RootJson.Check(content);
        var payload = RootJson.Write(content);
        return new SignedRoot(new DsseEnvelope(RootJson.PayloadType, payload, []), RootJson.Read(payload));
    }

    /// <summary>The same root with one more signature.</summary>
    /// <param name="previous">The root before it, whose keys sign too; null for the first.</param>
    /// <exception cref="RejectedException">SIG_ROLE: the key is no root key of either. SIG_DUP_SIGNER: it has signed already.</exception>
    public SignedRoot SignAlso(ISigner by, RootContent? previous)
    {
        SelfTest.Run();
        if (!RootKeys(Content, previous).Any(key => key.KeyId == by.Key.KeyId))
            throw Rejection.Because("SIG_ROLE", $"{by.Key.KeyId} is no root key of version {Content.Version}{(previous is null ? "" : " nor of the one before it")}");
        if (Verifying([by.Key]).Any())
            throw Rejection.Because("SIG_DUP_SIGNER", $"{by.Key.KeyId} has signed version {Content.Version} already; a key counts once");
        return new SignedRoot(Envelope with { Signatures = Envelope.Signatures.Add(new DsseSignature(by.Key.KeyId, [.. by.Sign(Message)])) }, Content);
    }

    /// <summary>How far the signing has come: ids of root keys, of this root and of the one before it, with a signature that verifies.</summary>
    public ImmutableArray<string> VerifiedBy(RootContent? previous) => [.. Verifying(RootKeys(Content, previous)).Select(key => key.KeyId)];

    /// <summary>Those of the keys that have signed. A signature is tried under the one key that it names, or reading a root that nobody signed could take minutes.</summary>
    internal IEnumerable<KeyRecord> Verifying(IEnumerable<KeyRecord> keys)
    {
        var message = Message;
        return keys.Where(key => Envelope.Signatures.Any(signature => signature.KeyId == key.KeyId && key.Refuse(message, signature.Value.AsSpan()) is null));
    }

    /// <exception cref="RejectedException">ENV_*, ROOT_* or KEY_*.</exception>
    public static SignedRoot Read(ReadOnlyMemory<byte> file) => Of(Dsse.Read(file, RootJson.PayloadType, "ENV"));

    /// <summary>Reads one that may have no signatures yet.</summary>
    /// <inheritdoc cref="Read"/>
    public static SignedRoot ReadDraft(ReadOnlyMemory<byte> file) => Of(Dsse.ReadDraft(file, RootJson.PayloadType, "ENV"));

    public byte[] ToBytes() => Dsse.Write(Envelope);

    /// <summary>Root keys of two roots, each once.</summary>
    internal static IEnumerable<KeyRecord> RootKeys(RootContent root, RootContent? previous) =>
        root.Of(RootJson.RootRole).Concat(previous?.Of(RootJson.RootRole) ?? []).DistinctBy(key => key.KeyId, StringComparer.Ordinal);

    private static SignedRoot Of(DsseEnvelope envelope) => envelope.Signatures.All(signature => signature.KeyId.Length > 0)
        ? new(envelope, RootJson.Read(envelope.Payload))
        : throw Rejection.Because("ROOT_KEYID", "a signature has no keyid; each signature of a root names its key");
}

/// <summary>A root that follows from one whose digest was compared by hand. There is no other way to get one.</summary>
public sealed class TrustedRoot
{
    private TrustedRoot(SignedRoot root) => (Content, Reference, Keys) = (root.Content, root.Reference, TrustStore.Of(root.Content.Keys));

    public RootContent Content { get; }

    public RootReference Reference { get; }

    /// <summary>All keys that it names, for whoever checks what they sign.</summary>
    public TrustStore Keys { get; }

    /// <param name="pinned">Version and digest, obtained on a way of their own.</param>
    /// <exception cref="RejectedException">SIG_UNTRUSTED: it is not the one that was pinned. ENV_*, ROOT_*, KEY_*, SIG_*: it is none.</exception>
    public static TrustedRoot First(ReadOnlyMemory<byte> file, RootReference pinned)
    {
        SelfTest.Run();
        var root = SignedRoot.Read(file);
        if (root.Reference != pinned)
        {
            throw Rejection.Because("SIG_UNTRUSTED",
                $"this root is version {root.Content.Version}, sha256:{root.Digests.Sha256}; pinned is version {pinned.Version}, sha256:{pinned.Sha256}. A root that vouches for itself is believed by nobody");
        }
        Require(root.Content, Signers(root, previous: null));
        return new TrustedRoot(root);
    }

    /// <summary>Goes one step on: the next root is signed by the thresholds of this one and of its own.</summary>
    /// <exception cref="RejectedException">ROOT_VERSION: not the next number. ROOT_THRESHOLD: too few of either have signed. ENV_*, ROOT_*, KEY_*, SIG_*.</exception>
    public TrustedRoot Next(ReadOnlyMemory<byte> file)
    {
        SelfTest.Run();
        var root = SignedRoot.Read(file);
        if (root.Content.Version != Content.Version + 1)
            throw Rejection.Because("ROOT_VERSION", $"version {root.Content.Version} follows version {Content.Version}; versions step by one");
        if (root.Content.Environment != Content.Environment)
            throw Rejection.Because("KEY_ENVIRONMENT", $"version {root.Content.Version} is for {Words.Of(root.Content.Environment)}, the one before it for {Words.Of(Content.Environment)}");
        Require(Content, [.. root.Verifying(Content.Of(RootJson.RootRole))]); // before any key that the file itself brings
        Require(root.Content, Signers(root, Content));
        return new TrustedRoot(root);
    }

    /// <exception cref="RejectedException">ROOT_EXPIRED: whoever keeps newer roots back could freeze what is believed.</exception>
    public void RequireCurrent(DateTimeOffset now)
    {
        if (now > Content.Expires)
            throw Rejection.Because("ROOT_EXPIRED", $"root version {Content.Version} expired {UtcText.Write(Content.Expires)}; it is {UtcText.Write(now)}. Get a trust pack with a newer root");
    }

    /// <summary>Every signature has to verify; one by a key that is no root key of either refuses the file.</summary>
    private static ImmutableArray<KeyRecord> Signers(SignedRoot root, RootContent? previous) =>
        SignatureCheck.Signers(root.Envelope, TrustStore.Of([.. SignedRoot.RootKeys(root.Content, previous)]), "roots", KeyDuty.Root);

    /// <summary>Counts public keys; one that the root itself calls revoked does not count.</summary>
    private static void Require(RootContent by, ImmutableArray<KeyRecord> signers)
    {
        var counted = by.Of(RootJson.RootRole).Count(key => key.RevokedAt is null && signers.Any(signer => signer.Spki.AsSpan().SequenceEqual(key.Spki.AsSpan())));
        if (counted < by.Thresholds[RootJson.RootRole])
            throw Rejection.Because("ROOT_THRESHOLD", $"{counted} of the root keys of version {by.Version} have signed; it takes {by.Thresholds[RootJson.RootRole]}");
    }
}
