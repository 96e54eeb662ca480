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

    [Fact, MustRefuse("B1")]
    public void B1_one_signature_twice_is_one_signer() =>
        Given.Refuses("SIG_DUP_SIGNER", Envelope((P256Id, P256Sig), (P256Id, P256Sig)), Trust);

    [Fact, MustRefuse("B2a", "B2b")]
    public void B2_one_key_is_one_signer_however_it_is_named()
    {
        Given.Refuses("SIG_DUP_SIGNER", Envelope((P256Id, P256Sig), (null, P256Sig), (Sm2Id, Sm2Key.Sign(Message))), Trust);
        Given.Refuses("KEY_ENCODING", () => TrustStore.Of(Sm2Key.Record() with { Spki = [.. Sm2Key.CompressedSpki] }));
        Given.Refuses("KEY_DUP", () => TrustStore.Of(Sm2Key.Record(), Sm2Key.Record()));
        Given.Refuses("KEY_ID", () => TrustStore.Of(Sm2Key.Record() with { KeyId = P256Id }));
    }

    [Fact, MustRefuse("B3")]
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

    [Fact, MustRefuse("B5")]
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

    [Fact, MustRefuse("B6")]
    public void B6_both_algorithms_are_needed()
    {
        Given.Refuses("SIG_ALG_MISSING", Envelope((P256Id, P256Sig)), Trust);
        Given.Refuses("SIG_ALG_MISSING", Envelope((Sm2Id, Sm2Key.Sign(Message))), Trust);
    }

    [Theory, MustRefuse("B7a", "B7b", "B7c")]
    [InlineData("")]
    [InlineData("TLSv1.3+GM+Cipher+Suite")]
    [InlineData("1234567812345679")]
    public void B7_another_user_id_is_refused(string userId) =>
        Given.Refuses("SIG_BAD", WithSm2(Sm2Key.Sign(Message, userId)), Trust);

    [Fact, MustRefuse("B8a", "B8b", "B9a", "B9b")]
    public void B8_B9_sm2_done_wrong_is_refused()
    {
        Given.Refuses("SIG_BAD", WithSm2(Sm2Key.SignEcdsa(Message)), Trust);
        Given.Refuses("SIG_BAD", WithSm2(Sm2Key.SignWithSha256(Message)), Trust);
        Given.Refuses("SIG_BAD", WithSm2(Sm2Key.SignWithoutUser(Message)), Trust);
        Given.Refuses("KEY_CURVE", () => TrustStore.Of(Sm2Key.Record() with { Algorithm = KeyAlgorithm.EcdsaP256Sha256 }));
        Given.Refuses("KEY_CURVE", () => TrustStore.Of(Given.P256Signer.Key with { Algorithm = KeyAlgorithm.Sm2Sm3 }));
    }

    [Fact, MustRefuse("B10a", "B10b", "B10c", "B10d", "B10e", "B10f")]
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

    [Fact, MustRefuse("A10")]
    public void A10_what_stands_outside_the_signed_bytes_is_never_shown()
    {
        var failed = Given.Statement.Replace("\"result\":\"PASSED\"", "\"result\":\"FAILED\"", StringComparison.Ordinal);
        Assert.NotEqual(Given.Statement, failed);
        var friendly = "{\"result\":\"PASSED\",\"predicate\":{\"result\":\"PASSED\"}," + Encoding.UTF8.GetString(Given.Seal(failed))[1..];

        Given.Refuses("RESULT_NOT_PASSED", Encoding.UTF8.GetBytes(friendly));
    }

    [Theory, MustRefuse("B11a")]
    [InlineData(1)]
    [InlineData(15)]
    public void B11a_an_ed25519_signature_with_a_larger_s_is_refused(int times)
    {
        var log = GivenKeys.Make(KeyDuty.Log, KeyAlgorithm.Ed25519);
        var signature = log.Sign("m"u8);
        var order = System.Numerics.BigInteger.Pow(2, 252) + System.Numerics.BigInteger.Parse("27742317777372353535851937790883648493", System.Globalization.CultureInfo.InvariantCulture);
        var s = new System.Numerics.BigInteger(signature.AsSpan(32), isUnsigned: true) + times * order;
        byte[] larger = [.. signature[..32], .. s.ToByteArray(isUnsigned: true)];

        Assert.Null(log.Key.Refuse("m"u8, signature));
        Assert.Equal("SIG_RANGE", log.Key.Refuse("m"u8, larger));
    }

    [Theory, MustRefuse("B11b")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")] // 0 once more
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")] // 1 once more
    public void B11b_a_key_under_which_anybody_can_sign_is_refused(string key)
    {
        var spki = Spki.OfEd25519(Convert.FromHexString(key));
        var record = KeyRecord.For(spki, KeyDuty.Log, GivenKeys.From, GivenKeys.To, KeyEnvironment.Test, person: null);

        Given.Refuses("KEY_WEAK", () => TrustStore.Of(record));
        Given.Refuses("KEY_WEAK", () => SignedRoot.Draft(GivenRoots.Content with
        {
            Keys = [.. GivenRoots.Content.Keys, record],
            Thresholds = GivenRoots.Content.Thresholds.Add("log", 1),
        }));
    }

    [Fact]
    public void Under_a_weak_key_the_library_accepts_what_nobody_signed()
    {
        var spki = Spki.OfEd25519(Convert.FromHexString("0100000000000000000000000000000000000000000000000000000000000000"));
        var record = KeyRecord.For(spki, KeyDuty.Log, GivenKeys.From, GivenKeys.To, KeyEnvironment.Test, person: null);
        byte[] nothing = [1, .. new byte[63]];

        Assert.Null(record.Refuse("any message at all"u8, nothing));
    }

    [Theory, MustRefuse("B12a", "B12b", "B12c", "B12d")]
    [InlineData(KeyDuty.Runner, KeyAlgorithm.Sm2Sm3)]
    [InlineData(KeyDuty.TimeStamp, KeyAlgorithm.EcdsaP256Sha256)]
    [InlineData(KeyDuty.Log, KeyAlgorithm.Ed25519)]
    [InlineData(KeyDuty.Status, KeyAlgorithm.EcdsaP256Sha256)]
    [InlineData(KeyDuty.Root, KeyAlgorithm.Sm2Sm3)]
    [InlineData(KeyDuty.Witness, KeyAlgorithm.Ed25519)]
    [InlineData(KeyDuty.Tester, KeyAlgorithm.Sm2Sm3)]
    public void B12_a_key_of_another_role_does_not_certify(KeyDuty duty, KeyAlgorithm algorithm)
    {
        using var other = GivenKeys.Make(duty, algorithm, duty == KeyDuty.Tester ? "u-17" : null);
        var trust = TrustStore.Of([.. Trust.Keys, other.Key]);
        var signature = other.Sign(Message);

        Given.Refuses("SIG_ROLE", Envelope((other.Key.KeyId, signature), (P256Id, P256Sig), (Sm2Id, Sm2Key.Sign(Message))), trust);
        Given.Refuses("SIG_ROLE", Envelope((P256Id, P256Sig), (other.Key.KeyId, signature)), trust);
        Given.Refuses("SIG_ROLE", Envelope((null, signature), (P256Id, P256Sig)), trust);
    }

    [Fact, MustRefuse("B13a", "B13b", "B13c")]
    public void B13_a_key_is_used_within_its_window_and_before_its_revocation()
    {
        var signed = WithSm2(Sm2Key.Sign(Message));
        TrustStore With(Func<KeyRecord, KeyRecord> change) => TrustStore.Of(Given.P256Signer.Key, change(Sm2Key.Record()));

        Given.Refuses("KEY_WINDOW", signed, With(key => key with { ValidFrom = Given.Now.AddYears(-1), ValidTo = Given.Now.AddSeconds(-1) }));
        Given.Refuses("KEY_WINDOW", signed, With(key => key with { ValidFrom = Given.Now.AddSeconds(1) }));
        Given.Refuses("KEY_REVOKED", signed, With(key => key with { RevokedAt = Given.Now }));
        Given.Refuses("KEY_REVOKED", signed, With(key => key with { RevokedAt = Given.Now.AddDays(-1) }));
        // without a time stamp nothing proves that it was signed before
        Given.Refuses("KEY_REVOKED", signed, With(key => key with { RevokedAt = Given.Now.AddDays(1) }), Given.Now.AddDays(1));
        Assert.IsType<Verification.Accepted>(Given.Verify(signed, With(key => key with { RevokedAt = Given.Now.AddSeconds(1) })));
    }

    [Fact, MustRefuse("B14b")]
    public void B14b_a_key_that_comes_with_the_certificate_is_believed_by_nobody()
    {
        using var own = GivenKeys.Make(KeyDuty.Certify);
        var record = Encoding.UTF8.GetString(TrustStore.Of(own.Key).Write());
        var file = Encoding.UTF8.GetString(Envelope((own.Key.KeyId, own.Sign(Message)), (Sm2Id, Sm2Key.Sign(Message))));

        Given.Refuses("SIG_UNTRUSTED", Encoding.UTF8.GetBytes($"{{\"verificationMaterial\":{record},{file[1..]}"), Trust);
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
