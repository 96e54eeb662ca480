using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>Checks the signatures of an envelope: every one must verify under a trusted key, no key twice, both algorithms present.</summary>
/// <remarks>
/// DSSE lets a verifier ignore signatures that it does not know. We refuse them: then every byte of a certificate file matters, and
/// what a signature by an unknown key would mean to a reader is a question that cannot come up.
/// </remarks>
internal static class SignatureCheck
{
    /// <summary>The signatures of a certificate.</summary>
    /// <exception cref="RejectedException">SIG_UNTRUSTED, SIG_ROLE, SIG_ENCODING, SIG_RANGE, SIG_BAD, SIG_DUP_SIGNER or SIG_ALG_MISSING.</exception>
    /// <returns>The keys in the order of the signatures.</returns>
    public static ImmutableArray<KeyRecord> Check(DsseEnvelope envelope, TrustStore trust)
    {
        var signers = Signers(envelope, trust, "certificates", KeyDuty.Certify);
        foreach (var needed in (ReadOnlySpan<KeyAlgorithm>)[KeyAlgorithm.EcdsaP256Sha256, KeyAlgorithm.Sm2Sm3])
            if (!signers.Any(signer => signer.Algorithm == needed))
                throw Rejection.Because("SIG_ALG_MISSING", $"there is no {Words.Of(needed)} signature; a certificate needs both algorithms");
        return signers;
    }

    /// <summary>The trusted keys behind all signatures, whatever their algorithm.</summary>
    /// <param name="what">Is signed, for messages.</param>
    /// <param name="duties">That a key may have.</param>
    /// <exception cref="RejectedException">SIG_UNTRUSTED, SIG_ROLE, SIG_ENCODING, SIG_RANGE, SIG_BAD or SIG_DUP_SIGNER.</exception>
    /// <returns>In the order of the signatures.</returns>
    public static ImmutableArray<KeyRecord> Signers(DsseEnvelope envelope, TrustStore trust, string what, params ImmutableArray<KeyDuty> duties)
    {
        var message = Dsse.Pae(envelope.PayloadType, envelope.Payload);
        var signers = ImmutableArray.CreateBuilder<KeyRecord>();
        foreach (var signature in envelope.Signatures)
        {
            var signer = FindSigner(signature, message, trust, what, duties);
            if (signers.Any(other => other.Spki.AsSpan().SequenceEqual(signer.Spki.AsSpan())))
                throw Rejection.Because("SIG_DUP_SIGNER", $"{signer.KeyId} signed twice; a key counts once");
            signers.Add(signer);
        }
        return signers.ToImmutable();
    }

    private static KeyRecord FindSigner(DsseSignature signature, byte[] message, TrustStore trust, string what, ImmutableArray<KeyDuty> duties)
    {
        var named = trust.Keys.Where(key => signature.KeyId.Length == 0 || key.KeyId == signature.KeyId).ToList();
        if (named.Count == 0)
            throw Rejection.Because("SIG_UNTRUSTED", $"the key {JsonGate.Quote(signature.KeyId)} is not in the trust store");

        var refusals = new List<string>();
        foreach (var key in named.Where(key => duties.Contains(key.Duty)))
        {
            if (key.Refuse(message, signature.Value.AsSpan()) is not { } refusal)
                return key;
            refusals.Add(refusal);
        }

        // Refused from here on; other keys are tried only to say why.
        if (named.FirstOrDefault(key => !duties.Contains(key.Duty) && key.Refuse(message, signature.Value.AsSpan()) is null) is { } wrong)
            throw Rejection.Because("SIG_ROLE", $"{wrong.KeyId} has the duty {Words.Of(wrong.Duty)} and may not sign {what}");
        var code = refusals.Count > 0 && refusals.TrueForAll(refusal => refusal == refusals[0]) ? refusals[0] : "SIG_BAD";
        throw Rejection.Because(code, Explain(code, signature.KeyId));
    }

    private static string Explain(string code, string keyId)
    {
        var which = keyId.Length > 0 ? $"the signature by {keyId}" : "a signature without keyid";
        return code switch
        {
            "SIG_ENCODING" => $"{which} is not strict DER of two integers",
            "SIG_RANGE" => $"{which} holds a number outside 1 to n-1",
            _ => $"{which} does not verify: the content was changed, or another key signed it",
        };
    }
}
