using System.Diagnostics;
using System.Security.Cryptography;

namespace Adaptation.Certificates.Tests;

/// <summary>SM2 as we verify it, against implementations that share nothing with it: the same answer for the same bytes, right or wrong.</summary>
public sealed class Sm2DifferentialTests
{
    private const int Cases = 10_000;
    private const int Keys = 50;
    private const int Seed = 20261122;

    /// <summary>Signatures are made by libcrypto, which is fast; half of them are then changed, in a way drawn at random.</summary>
    [Fact]
    public void Ten_thousand_signatures_good_and_bad_get_the_answer_that_a_stranger_gives()
    {
        var keys = Enumerable.Range(0, Keys).Select(_ => GivenKeys.Make(KeyDuty.Certify, KeyAlgorithm.Sm2Sm3)).ToArray();
        var cases = Enumerable.Range(0, Cases / Keys).Select(round => (round, keys[round % Keys])).ToArray();
        var answers = new (int Good, int Bad)[cases.Length];

        Parallel.For(0, cases.Length, index =>
        {
            var (random, key) = (new Random(Seed + index), keys[index % Keys]);
            for (var i = 0; i < Cases / cases.Length; i++)
            {
                var (message, signature, spki) = Draw(random, key, keys);
                var ours = KeyRecord.For(spki, KeyDuty.Certify, GivenKeys.From, GivenKeys.To, KeyEnvironment.Test, person: null).Refuse(message, signature) is null;
                Assert.Equal(Stranger.Verify(spki, message, signature), ours);
                answers[index] = ours ? (answers[index].Good + 1, answers[index].Bad) : (answers[index].Good, answers[index].Bad + 1);
            }
        });

        Assert.InRange(answers.Sum(answer => answer.Good), Cases * 4 / 10, Cases * 6 / 10);
        Assert.InRange(answers.Sum(answer => answer.Bad), Cases * 4 / 10, Cases * 6 / 10);
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
                RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
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
                spki = [.. keys.First(other => other != key && random.Next(2) == 0 || other == keys[^1] && other != key || other == keys[0] && key == keys[^1]).Key.Spki];
                break;
        }
        return (message, signature, spki);
    }
}
