using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;

namespace Adaptation.Certificates.Tests;

/// <summary>An SM2 implementation that shares no code with ours (BouncyCastle), and SM2 done wrong in the ways that are seen in the wild.</summary>
internal sealed class Stranger
{
    private static readonly ECDomainParameters Curve = Domain();

    private readonly ECPrivateKeyParameters _private;

    public Stranger(int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[31]; // shorter than the order, so always in range
        random.NextBytes(bytes);
        _private = new ECPrivateKeyParameters(new BigInteger(1, bytes), Curve);
        var point = Curve.G.Multiply(_private.D).Normalize();
        Spki = [.. Convert.FromHexString("3059301306072a8648ce3d020106082a811ccf5501822d034200"), .. point.GetEncoded(compressed: false)];
        CompressedSpki = [.. Convert.FromHexString("3039301306072a8648ce3d020106082a811ccf5501822d032200"), .. point.GetEncoded(compressed: true)];
    }

    public byte[] Spki { get; }

    public byte[] CompressedSpki { get; }

    public KeyRecord Record(KeyDuty duty = KeyDuty.Certify) =>
        KeyRecord.For(Spki, duty, Given.Now, Given.Now.AddYears(2), KeyEnvironment.Test, duty == KeyDuty.Certify ? null : "u-99");

    public byte[] Sign(byte[] message, string userId = "1234567812345678") => Sign(message, userId, new SM3Digest());

    public byte[] SignWithSha256(byte[] message) => Sign(message, "1234567812345678", new Sha256Digest());

    public static bool Verify(byte[] spki, byte[] message, byte[] signature)
    {
        var point = new ECPublicKeyParameters(Curve.Curve.DecodePoint(spki[^65..]), Curve);
        var signer = new SM2Signer(StandardDsaEncoding.Instance, new SM3Digest());
        signer.Init(forSigning: false, new ParametersWithID(point, "1234567812345678"u8.ToArray()));
        signer.BlockUpdate(message, 0, message.Length);
        return signer.VerifySignature(signature);
    }

    /// <summary>Signs SM3(M) instead of SM3(Z || M).</summary>
    public byte[] SignWithoutUser(byte[] message)
    {
        var (n, d, e, k) = (Curve.N, _private.D, new BigInteger(1, Sm3(message)), BigInteger.ValueOf(123456789));
        var r = e.Add(Curve.G.Multiply(k).Normalize().AffineXCoord.ToBigInteger()).Mod(n);
        var s = BigInteger.One.Add(d).ModInverse(n).Multiply(k.Subtract(r.Multiply(d))).Mod(n);
        return Der(r, s);
    }

    /// <summary>Plain ECDSA with SHA-256, by the SM2 key on the SM2 curve.</summary>
    public byte[] SignEcdsa(byte[] message)
    {
        var signer = new ECDsaSigner(new HMacDsaKCalculator(new Sha256Digest()));
        signer.Init(forSigning: true, _private);
        var numbers = signer.GenerateSignature(System.Security.Cryptography.SHA256.HashData(message));
        return Der(numbers[0], numbers[1]);
    }

    public static byte[] Sm3(byte[] message)
    {
        var (digest, result) = (new SM3Digest(), new byte[32]);
        digest.BlockUpdate(message, 0, message.Length);
        digest.DoFinal(result, 0);
        return result;
    }

    public static byte[] Der(BigInteger r, BigInteger s) => new DerSequence(new DerInteger(r), new DerInteger(s)).GetDerEncoded();

    public static (BigInteger R, BigInteger S) Numbers(byte[] signature)
    {
        var sequence = (Asn1Sequence)Asn1Object.FromByteArray(signature);
        return (((DerInteger)sequence[0]).PositiveValue, ((DerInteger)sequence[1]).PositiveValue);
    }

    private byte[] Sign(byte[] message, string userId, IDigest digest)
    {
        var signer = new SM2Signer(StandardDsaEncoding.Instance, digest);
        var withRandom = new ParametersWithRandom(_private, new SecureRandom());
        signer.Init(forSigning: true, new ParametersWithID(withRandom, System.Text.Encoding.ASCII.GetBytes(userId)));
        signer.BlockUpdate(message, 0, message.Length);
        return signer.GenerateSignature();
    }

    private static ECDomainParameters Domain()
    {
        var named = CustomNamedCurves.GetByName("sm2p256v1");
        return new ECDomainParameters(named.Curve, named.G, named.N, named.H);
    }
}
