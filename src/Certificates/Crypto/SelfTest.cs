using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Computes known answers before the first signature of a process is made or believed.</summary>
/// <remarks>Sources: GB/T 32905 annex A (SM3), GB/T 32918.5 annex A.2 (SM2), DSSE 1.0.2 protocol document (P-256 and PAE), C2SP signed-note (Ed25519).</remarks>
public static class SelfTest
{
    private static readonly Lock Gate = new();
    private static bool _passed;

    /// <summary>Runs once per process and costs a few milliseconds; afterwards nothing.</summary>
    /// <exception cref="BrokenEnvironmentException">The library is missing, lacks SM2 or SM3, or computes something else.</exception>
    public static void Run()
    {
        lock (Gate)
        {
            if (_passed)
                return;
            try
            {
                CheckSm3();
                CheckSm2();
                CheckP256();
                CheckEd25519();
            }
            catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
            {
                throw new BrokenEnvironmentException(
                    "Signatures cannot be checked: libcrypto.so.3 of OpenSSL 3 was not found or is incomplete. "
                    + "Install it: Debian and Ubuntu `apt-get install libssl3`, openEuler and CentOS `dnf install openssl-libs`.",
                    missing);
            }
            _passed = true;
        }
    }

    private static void CheckSm3()
    {
        Expect("SM3 of nothing", Sm3.Hash([]), "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b");
        Expect("SM3 of abc", Sm3.Hash("abc"u8), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        var repeated = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("abcd", 16)));
        Expect("SM3 of 64 bytes", Sm3.Hash(repeated), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
    }

    private static void CheckSm2()
    {
        var spki = Convert.FromHexString(
            "3059301306072a8648ce3d020106082a811ccf5501822d03420004"
            + "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
            + "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13");
        var signature = Convert.FromHexString(
            "3046022100F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
            + "022100B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA");
        Expect("SM2 signature", Sm2.Verify(spki, "message digest"u8, signature), expected: true);
        Expect("SM2 signature of another message", Sm2.Verify(spki, "message digesu"u8, signature), expected: false);
    }

    private static void CheckP256()
    {
        var spki = Convert.FromBase64String(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMrCrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==");
        var signature = Convert.FromBase64String(
            "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==");
        const DSASignatureFormat raw = DSASignatureFormat.IeeeP1363FixedFieldConcatenation;
        var message = Dsse.Pae("http://example.com/HelloWorld", "hello world"u8);
        Expect("P-256 signature", P256.Verify(spki, message, signature, raw), expected: true);
        Expect("P-256 signature of another message", P256.Verify(spki, "hello world"u8, signature, raw), expected: false);
    }

    private static void CheckEd25519()
    {
        var key = NoteKey.Parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
        var signature = Convert.FromBase64String("SfyytXXIkaHZVhGUvVOdqC/VgSrpN9emnOLY42dwCVOArtm2DURFg1lexiM4EfeYVeZEq7AeMbVi7vYid7JpAw==");
        Expect("Ed25519 signature", Ed25519.Refuse(key.PublicKey.AsSpan(), "This is an example message.\n"u8, signature) is null, expected: true);
        Expect("Ed25519 signature of another message", Ed25519.Refuse(key.PublicKey.AsSpan(), "This is an example message."u8, signature) is null, expected: false);
    }

    private static void Expect(string what, byte[] seen, string expected) =>
        Expect(what, Convert.ToHexStringLower(seen) == expected, expected: true);

    private static void Expect(string what, bool seen, bool expected)
    {
        if (seen != expected)
        {
            throw new BrokenEnvironmentException(
                $"Self-test failed: {what} does not come out as its standard says. "
                + "Nothing that this libcrypto.so.3 computes can be believed; install the distribution's own OpenSSL 3.");
        }
    }
}
