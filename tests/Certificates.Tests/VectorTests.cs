using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Known answers of standards, and the edge cases that collections of hard signatures are made of, restated as facts.</summary>
/// <remarks>Sources: GB/T 32918.5 annex A.2; RFC 8032, section 7.1; RFC 6979, annex A.2.5. Edge cases in the manner of Wycheproof, computed here.</remarks>
public sealed class VectorTests
{
    private static readonly BigInteger P256Order = Number("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
    private static readonly BigInteger Sm2Order = Number("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123");

    [Fact]
    public void The_annex_of_the_sm2_standard_comes_out_and_nothing_near_it()
    {
        var spki = Spki.OfPoint(KeyAlgorithm.Sm2Sm3, Convert.FromHexString(
            "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"));
        var (r, s) = (Number("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"), Number("B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"));
        var record = Record(spki);

        Assert.Null(record.Refuse("message digest"u8, Der(r, s)));
        Assert.Equal("SIG_BAD", record.Refuse("message digesT"u8, Der(r, s)));
        Assert.Equal("SIG_BAD", record.Refuse("message digest"u8, Der(s, r)));
        Assert.Equal("SIG_BAD", record.Refuse("message digest"u8, Der(r, Sm2Order - s)));
        Assert.Equal("SIG_BAD", record.Refuse("message digest"u8, Der(r, Sm2Order - r))); // r + s = n, which the standard forbids
    }

    [Theory]
    [InlineData("sample", "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716", "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8")]
    [InlineData("test", "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367", "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083")]
    public void The_p256_answers_of_rfc_6979_come_out_in_either_half(string message, string r, string s)
    {
        var record = Record(Spki.OfPoint(KeyAlgorithm.EcdsaP256Sha256, Convert.FromHexString(
            "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299")));
        var text = Encoding.ASCII.GetBytes(message);

        Assert.Null(record.Refuse(text, Der(Number(r), Number(s))));
        Assert.Null(record.Refuse(text, Der(Number(r), P256Order - Number(s)))); // malleable: never an identity
        Assert.Equal("SIG_BAD", record.Refuse(text, Der(Number(s), Number(r))));
    }

    [Theory]
    [InlineData("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void The_ed25519_answers_of_rfc_8032_come_out(string key, string message, string signature)
    {
        var record = Record(Spki.OfEd25519(Convert.FromHexString(key)));
        var (text, good) = (Convert.FromHexString(message), Convert.FromHexString(signature));

        Assert.Null(record.Refuse(text, good));
        Assert.Equal("SIG_BAD", record.Refuse([.. text, 0], good));
        Assert.Equal("SIG_ENCODING", record.Refuse(text, good.AsSpan(0, 63)));
        Assert.Equal("SIG_ENCODING", record.Refuse(text, [.. good, 0]));
        Assert.Equal("SIG_ENCODING", record.Refuse(text, []));
        Assert.Equal("SIG_BAD", record.Refuse(text, [.. new byte[64]])); // R and S of zero
        Assert.Equal("SIG_RANGE", record.Refuse(text, [.. good[..32], .. Enumerable.Repeat((byte)0xff, 32)]));
        foreach (var at in (ReadOnlySpan<int>)[0, 31, 32, 62])
        {
            byte[] changed = [.. good];
            changed[at] ^= 1;
            Assert.NotNull(record.Refuse(text, changed));
        }
    }

    /// <summary>Two numbers and how they are spelled, refused for what they are; for either curve.</summary>
    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256Sha256)]
    [InlineData(KeyAlgorithm.Sm2Sm3)]
    public void Numbers_at_the_edge_never_verify(KeyAlgorithm algorithm)
    {
        using var key = GivenKeys.Make(KeyDuty.Certify, algorithm);
        var order = algorithm == KeyAlgorithm.Sm2Sm3 ? Sm2Order : P256Order;
        BigInteger[] inRange = [1, 2, order - 1, order - 2, order / 2, BigInteger.One << 255];
        BigInteger[] outOfRange = [0, order, order + 1, BigInteger.One << 256, (BigInteger.One << 512) + 1];

        foreach (var r in inRange)
            foreach (var s in inRange)
                Assert.Equal("SIG_BAD", key.Key.Refuse("m"u8, Der(r, s)));
        foreach (var bad in outOfRange)
        {
            Assert.Equal("SIG_RANGE", key.Key.Refuse("m"u8, Der(bad, 1)));
            Assert.Equal("SIG_RANGE", key.Key.Refuse("m"u8, Der(1, bad)));
        }
        Assert.Equal("SIG_ENCODING", key.Key.Refuse("m"u8, Der(-1, 1)));
        Assert.Equal("SIG_ENCODING", key.Key.Refuse("m"u8, Der(1, -order)));
    }

    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256Sha256)]
    [InlineData(KeyAlgorithm.Sm2Sm3)]
    public void A_good_signature_has_one_der_spelling(KeyAlgorithm algorithm)
    {
        using var key = GivenKeys.Make(KeyDuty.Certify, algorithm);
        var good = key.Sign("m"u8);
        Assert.Null(key.Key.Refuse("m"u8, good));
        var (first, second) = (good[2..(4 + good[3])], good[(4 + good[3])..]);
        byte[] Sequence(params byte[] content) => [0x30, (byte)content.Length, .. content];
        byte[] Long(byte[] integer) => [2, 0x81, integer[1], .. integer[2..]];
        byte[] Padded(byte[] integer) => [2, (byte)(integer[1] + 1), 0, .. integer[2..]];

        byte[][] others =
        [
            [], [0x30], [0x30, 0], [0x30, 0x80], Sequence(), Sequence(first), Sequence([.. first, .. second, .. second]),
            [0x30, 0x81, .. good[1..]], [0x30, 0x82, 0, .. good[1..]], [0x30, 0x80, .. good[2..], 0, 0], [0x31, .. good[1..]], [0x10, .. good[1..]],
            [.. good, 0], [.. good, 5, 0], good[..^1], Sequence([.. good[2..], 5, 0]), Sequence([5, 0, .. good[2..]]),
            Sequence([.. Long(first), .. second]), Sequence([.. first, .. Long(second)]), Sequence([.. Padded(first), .. second]), Sequence([.. first, .. Padded(second)]),
            Sequence([3, .. first[1..], .. second]), Sequence([2, 0, .. second]), Sequence([.. first, 2, 0]), Sequence([.. first, 9, 0]), Sequence(Sequence(good[2..])),
            [0x30, (byte)(good[1] + 1), .. good[2..]], [0x30, (byte)(good[1] - 1), .. good[2..]], [0x30, good[1], 0x22, .. good[3..]],
        ];
        Assert.All(others, other => Assert.Equal("SIG_ENCODING", key.Key.Refuse("m"u8, other)));
    }

    /// <summary>Short numbers, with and without a leading zero byte: the border of raw and DER.</summary>
    [Theory]
    [InlineData("00", "00", "3006020100020100")]
    [InlineData("0001", "7f00", "300702010102027f00")]
    [InlineData("0080", "ff00", "30090202008002" + "0300ff00")]
    public void Raw_numbers_get_their_one_der_spelling(string r, string s, string der) =>
        Assert.Equal(der, Convert.ToHexStringLower(EcSignature.FromRaw(Convert.FromHexString(r + s))));

    [Theory]
    [InlineData("3059301306072a8648ce3d020106082a8648ce3d03010703420002")] // compressed, yet as long
    [InlineData("3059301306072a8648ce3d020106082a8648ce3d03010703420003")]
    [InlineData("3059301306072a8648ce3d020106082a8648ce3d03010703420006")] // hybrid
    [InlineData("3059301306072a8648ce3d020106082a8648ce3d03012203420004")] // P-384's object id
    [InlineData("3059301306072a8648ce3d0201060" + "52b8104000a06002003420004")] // secp256k1
    [InlineData("3081")] // longer form of the length
    public void A_key_in_any_other_encoding_is_no_key(string prefix)
    {
        byte[] spki = [.. Convert.FromHexString(prefix), .. new byte[91]];
        Given.Refuses("KEY_ENCODING", () => KeyRecord.For(spki.AsSpan(0, 91), KeyDuty.Certify, GivenKeys.From, GivenKeys.To, KeyEnvironment.Test, person: null));
    }

    [Fact]
    public void A_key_with_anything_behind_it_or_with_explicit_parameters_is_no_key()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var good = ecdsa.ExportSubjectPublicKeyInfo();
        using var @explicit = ECDsa.Create(ecdsa.ExportExplicitParameters(includePrivateParameters: false));

        Assert.Equal(KeyAlgorithm.EcdsaP256Sha256, Spki.AlgorithmOf(good));
        Assert.Null(Spki.AlgorithmOf([.. good, 0]));
        Assert.Null(Spki.AlgorithmOf(good.AsSpan(0, good.Length - 1)));
        Assert.Null(Spki.AlgorithmOf(@explicit.ExportSubjectPublicKeyInfo()));
        using var rsa = RSA.Create(1024);
        Assert.Null(Spki.AlgorithmOf(rsa.ExportSubjectPublicKeyInfo()));
    }

    private static KeyRecord Record(byte[] spki) =>
        KeyRecord.For(spki, KeyDuty.Certify, GivenKeys.From, GivenKeys.To, KeyEnvironment.Test, person: null);

    private static BigInteger Number(string hex) => new(Convert.FromHexString(hex), isUnsigned: true, isBigEndian: true);

    private static byte[] Der(BigInteger r, BigInteger s)
    {
        static byte[] Integer(BigInteger number)
        {
            var bytes = number.ToByteArray(isBigEndian: true);
            return [2, (byte)bytes.Length, .. bytes];
        }
        byte[] content = [.. Integer(r), .. Integer(s)];
        return content.Length < 128 ? [0x30, (byte)content.Length, .. content] : [0x30, 0x81, (byte)content.Length, .. content];
    }
}
