using System.Diagnostics;
using System.Security.Cryptography;

namespace Adaptation.Certificates.Tests;

/// <summary>SM2 as we verify it, against implementations that share nothing with it: the same answer for the same bytes, right or wrong.</summary>
public sealed class Sm2DifferentialTests
{
    private const int Keys = 50;
    private const int Seed = 20261122;

    [Fact]
    public void Signatures_good_and_bad_get_the_answer_that_a_stranger_gives() => Compare(cases: 1_000, Seed);

    /// <summary>The same ten times over, for people to call: the stranger takes some milliseconds for each.</summary>
    [Fact(Explicit = true)]
    public void Ten_thousand_signatures_good_and_bad_get_the_answer_that_a_stranger_gives() => Compare(cases: 10_000, Seed + 1_000_000);

    /// <summary>Signatures are made by libcrypto, which is fast; half of them are then changed, in a way drawn at random.</summary>
    private static void Compare(int cases, int seed)
    {
        var keys = Enumerable.Range(0, Keys).Select(_ => GivenKeys.Make(KeyDuty.Certify, KeyAlgorithm.Sm2Sm3)).ToArray();
        var good = 0;

        Parallel.ForEach(keys, (key, _, index) =>
        {
            var random = new Random(seed + (int)index);
            for (var i = 0; i < cases / Keys; i++)
            {
                var (message, signature, spki) = Draw(random, key, keys);
                var ours = KeyRecord.For(spki, KeyDuty.Certify, GivenKeys.From, GivenKeys.To, KeyEnvironment.Test, person: null).Refuse(message, signature) is null;
                Assert.Equal(Stranger.Verify(spki, message, signature), ours);
                if (ours)
                    Interlocked.Increment(ref good);
            }
        });

        Assert.InRange(good, cases * 4 / 10, cases * 6 / 10);
    }

    [Fact]
    public void The_openssl_command_gives_the_same_answers()
    {
        using var folder = new TempFolder();
        var random = new Random(Seed);
        ISigner[] keys = [GivenKeys.Make(KeyDuty.Certify, KeyAlgorithm.Sm2Sm3), GivenKeys.Make(KeyDuty.Certify, KeyAlgorithm.Sm2Sm3)];
        var seen = new HashSet<bool>();

        for (var i = 0; i < 24; i++)
        {
            var (message, signature, spki) = Draw(random, keys[i % 2], keys);
            File.WriteAllBytes(folder["m"], message);
            File.WriteAllBytes(folder["s"], signature);
            File.WriteAllText(folder["k"], PemEncoding.WriteString("PUBLIC KEY", spki));
            using var process = Process.Start(new ProcessStartInfo(
                "openssl", $"pkeyutl -verify -pubin -inkey {folder["k"]} -rawin -digest sm3 -pkeyopt distid:1234567812345678 -sigfile {folder["s"]} -in {folder["m"]}")
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();

            var ours = KeyRecord.For(spki, KeyDuty.Certify, GivenKeys.From, GivenKeys.To, KeyEnvironment.Test, person: null).Refuse(message, signature) is null;
            Assert.Equal(process.ExitCode == 0, ours);
            seen.Add(ours);
        }

        Assert.Equal(2, seen.Count);
    }

    private static (byte[] Message, byte[] Signature, byte[] Spki) Draw(Random random, ISigner key, ISigner[] keys)
    {
        var message = new byte[random.Next(1, 200)];
        random.NextBytes(message);
        byte[] signature = key.Sign(message), spki = [.. key.Key.Spki];
        switch (random.Next(10))
        {
            case 0: // another message
                message[random.Next(message.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 1: // a bit of r
                signature[4 + random.Next(1, signature[3])] ^= (byte)(1 << random.Next(8));
                break;
            case 2: // a bit of s
                signature[^random.Next(1, 30)] ^= (byte)(1 << random.Next(8));
                break;
            case 3: // r and s exchanged
                signature = [0x30, signature[1], .. signature[(4 + signature[3])..], .. signature[2..(4 + signature[3])]];
                break;
            case 4: // another key
                spki = [.. keys[(Array.IndexOf(keys, key) + 1) % keys.Length].Key.Spki];
                break;
        }
        return (message, signature, spki);
    }
}
