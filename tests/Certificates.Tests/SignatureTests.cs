using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Math;

namespace Adaptation.Certificates.Tests;

/// <summary>Cases B1 to B10 of the design: who signed, with what.</summary>
public sealed class SignatureTests
{
    private static readonly Stranger Sm2Key = new(7);
    private static readonly byte[] Payload = Encoding.UTF8.GetBytes(Given.Statement);
    private static readonly byte[] Message = Dsse.Pae(CertificateFormat.PayloadType, Payload);
    private static readonly TrustStore Trust = TrustStore.Of(Given.P256Signer.Key, Sm2Key.Record());

    private static string P256Id => Given.P256Signer.Key.KeyId;

    private static string Sm2Id => Sm2Key.Record().KeyId;

    private static byte[] P256Sig => Given.P256Signer.Sign(Message);

    private static byte[] Envelope(params (string? KeyId, byte[] Sig)[] signatures) =>
        Given.Envelope(Payload, CertificateFormat.PayloadType, signatures);

    private static byte[] WithSm2(byte[] signature) => Envelope((P256Id, P256Sig), (Sm2Id, signature));

    [Fact]
    public void Control_a_strangers_sm2_signature_beside_ours_is_accepted() =>
        Assert.IsType<Verification.Accepted>(Given.Verify(WithSm2(Sm2Key.Sign(Message)), Trust));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void B4_control_a_signature_without_keyid_is_accepted(string? none) =>
        Assert.IsType<Verification.Accepted>(Given.Verify(Envelope((none, Sm2Key.Sign(Message)), (none, P256Sig)), Trust));

    [Fact]
    public void B1_one_signature_twice_is_one_signer() =>
        Given.Refuses("SIG_DUP_SIGNER", Envelope((P256Id, P256Sig), (P256Id, P256Sig)), Trust);

    [Fact]
    public void B2_one_key_is_one_signer_however_it_is_named()
    {
        Given.Refuses("SIG_DUP_SIGNER", Envelope((P256Id, P256Sig), (null, P256Sig), (Sm2Id, Sm2Key.Sign(Message))), Trust);
        Given.Refuses("KEY_ENCODING", () => TrustStore.Of(Sm2Key.Record() with { Spki = [.. Sm2Key.CompressedSpki] }));
        Given.Refuses("KEY_DUP", () => TrustStore.Of(Sm2Key.Record(), Sm2Key.Record()));
        Given.Refuses("KEY_ID", () => TrustStore.Of(Sm2Key.Record() with { KeyId = P256Id }));
    }

    [Fact]
    public void B3_a_keyid_that_names_another_trusted_key_is_refused() =>
        Given.Refuses("SIG_BAD", Envelope((Sm2Id, P256Sig), (P256Id, Sm2Key.Sign(Message))), Trust);

    [Fact]
    public void A_keyid_that_names_no_trusted_key_is_refused_even_beside_two_good_signatures()
    {
        var (unknown, good) = ("sha256:" + new string('0', 64), Sm2Key.Sign(Message));

        Given.Refuses("SIG_UNTRUSTED", Envelope((unknown, P256Sig), (Sm2Id, good)), Trust);
        Given.Refuses("SIG_UNTRUSTED", Envelope((P256Id, P256Sig), (Sm2Id, good), (unknown, P256Sig)), Trust);
        Given.Refuses("SIG_UNTRUSTED", Envelope((P256Id.ToUpperInvariant(), P256Sig), (Sm2Id, good)), Trust);
    }

    [Fact]
    public void B5_an_algorithm_named_in_the_envelope_means_nothing()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var sha384 = Convert.ToBase64String(other.SignData(Message, HashAlgorithmName.SHA384, DSASignatureFormat.Rfc3279DerSequence));
        var envelope = Encoding.UTF8.GetString(WithSm2(Sm2Key.Sign(Message)))
            .Replace(Convert.ToBase64String(P256Sig), "", StringComparison.Ordinal);
        var start = envelope.IndexOf("\"sig\":\"", StringComparison.Ordinal) + 7;
        var end = envelope.IndexOf('"', start);

        Given.Refuses("SIG_BAD", Encoding.UTF8.GetBytes($"{envelope[..start]}{sha384}\",\"alg\":\"ES384{envelope[end..]}"), Trust);
    }

    [Fact]
    public void B6_both_algorithms_are_needed()
    {
        Given.Refuses("SIG_ALG_MISSING", Envelope((P256Id, P256Sig)), Trust);
        Given.Refuses("SIG_ALG_MISSING", Envelope((Sm2Id, Sm2Key.Sign(Message))), Trust);
    }

    [Theory]
    [InlineData("")]
    [InlineData("TLSv1.3+GM+Cipher+Suite")]
    [InlineData("1234567812345679")]
    public void B7_another_user_id_is_refused(string userId) =>
        Given.Refuses("SIG_BAD", WithSm2(Sm2Key.Sign(Message, userId)), Trust);

    [Fact]
    public void B8_B9_sm2_done_wrong_is_refused()
    {
        Given.Refuses("SIG_BAD", WithSm2(Sm2Key.SignEcdsa(Message)), Trust);
        Given.Refuses("SIG_BAD", WithSm2(Sm2Key.SignWithSha256(Message)), Trust);
        Given.Refuses("SIG_BAD", WithSm2(Sm2Key.SignWithoutUser(Message)), Trust);
        Given.Refuses("KEY_CURVE", () => TrustStore.Of(Sm2Key.Record() with { Algorithm = KeyAlgorithm.EcdsaP256Sha256 }));
        Given.Refuses("KEY_CURVE", () => TrustStore.Of(Given.P256Signer.Key with { Algorithm = KeyAlgorithm.Sm2Sm3 }));
    }

    [Fact]
    public void B10_a_signature_has_one_spelling()
    {
        var order = new BigInteger("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123", 16);
        var good = Sm2Key.Sign(Message);
        var (r, s) = Stranger.Numbers(good);

        Given.Refuses("SIG_RANGE", WithSm2(Stranger.Der(BigInteger.Zero, s)), Trust);
        Given.Refuses("SIG_RANGE", WithSm2(Stranger.Der(r, order)), Trust);
        Given.Refuses("SIG_RANGE", WithSm2(Stranger.Der(r, s.Add(order))), Trust);
        Given.Refuses("SIG_BAD", WithSm2(Stranger.Der(r, order.Subtract(s))), Trust);
        Given.Refuses("SIG_ENCODING", WithSm2([0x30, 0x81, (byte)(good.Length - 2), .. good[2..]]), Trust);
        Given.Refuses("SIG_ENCODING", WithSm2([0x30, 0x80, .. good[2..], 0, 0]), Trust);
        Given.Refuses("SIG_ENCODING", WithSm2([.. good, 0]), Trust);
        Given.Refuses("SIG_ENCODING", WithSm2([0x30, (byte)(good.Length - 1), .. good[2..], 0]), Trust);
        Given.Refuses("SIG_ENCODING", WithSm2([.. Fixed32(r), .. Fixed32(s)]), Trust);
        Given.Refuses("SIG_ENCODING", WithSm2(Stranger.Der(r.Negate(), s)), Trust);
        Given.Refuses("SIG_ENCODING", WithSm2([0x30]), Trust);
        Given.Refuses("SIG_ENCODING", Envelope((null, [0x30, 0]), (Sm2Id, good)), Trust);
    }

    [Fact]
    public void B10_the_mirrored_p256_signature_verifies_too_and_changes_nothing_that_is_shown()
    {
        var order = new BigInteger("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16);
        var (r, s) = Stranger.Numbers(P256Sig);
        var mirrored = Envelope((P256Id, Stranger.Der(r, order.Subtract(s))), (Sm2Id, Sm2Key.Sign(Message)));

        var accepted = Assert.IsType<Verification.Accepted>(Given.Verify(mirrored, Trust)).Certificate;

        Assert.Equal(Payload, accepted.Payload.ToArray());
        Given.Refuses("SIG_RANGE", Envelope((P256Id, Stranger.Der(r, s.Add(order))), (Sm2Id, Sm2Key.Sign(Message))), Trust);
    }

    [Fact]
    public void A_key_with_another_duty_does_not_certify()
    {
        var trust = TrustStore.Of(Given.P256Signer.Key, Sm2Key.Record(KeyDuty.Reviewer));

        Given.Refuses("SIG_ROLE", WithSm2(Sm2Key.Sign(Message)), trust);
        Given.Refuses("SIG_ROLE", Envelope((P256Id, P256Sig), (null, Sm2Key.Sign(Message))), trust);
    }

    [Fact]
    public void A_key_is_used_within_its_window_and_its_environment()
    {
        var signed = WithSm2(Sm2Key.Sign(Message));
        TrustStore With(Func<KeyRecord, KeyRecord> change) => TrustStore.Of(Given.P256Signer.Key, change(Sm2Key.Record()));

        Given.Refuses("KEY_WINDOW", signed, With(key => key with { ValidTo = Given.Now.AddSeconds(-1), ValidFrom = Given.Now.AddYears(-1) }));
        Given.Refuses("KEY_WINDOW", signed, With(key => key with { ValidFrom = Given.Now.AddSeconds(1) }));
        Given.Refuses("KEY_WINDOW", signed, With(key => key with { ValidTo = Given.Now.AddDays(1) }), Given.Now.AddDays(2));
        Assert.IsType<Verification.Accepted>(Given.Verify(signed, With(key => key with { ValidTo = Given.Now })));
        Given.Refuses("KEY_ENVIRONMENT", () => With(key => key with { Environment = KeyEnvironment.Production }));
        var production = TrustStore.Of([.. Trust.Keys.Select(key => key with { Environment = KeyEnvironment.Production })]);
        Given.Refuses("KEY_ENVIRONMENT", signed, production);
    }

    private static byte[] Fixed32(BigInteger number)
    {
        var (bytes, result) = (number.ToByteArrayUnsigned(), new byte[32]);
        bytes.CopyTo(result, 32 - bytes.Length);
        return result;
    }
}
