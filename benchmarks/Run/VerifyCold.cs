using System.Text;
using System.Text.Json;

namespace Adaptation.Benchmarks.Run;

/// <summary>Verifying one certificate in a process of its own, beside its peer: openssl checking the same two signatures, a process each.</summary>
internal static class VerifyCold
{
    public static string Table(string adapt, string certificate, string work, int count)
    {
        // the launcher checks first whether a build is due; the program behind it is what a buyer's laptop runs
        var root = Path.GetDirectoryName(adapt)!;
        var program = Path.Combine(root, "artifacts", "adapt", "cli", "adapt");
        Environment.SetEnvironmentVariable("ADAPTATION_ROOT", root);
        var peer = Peer(certificate, work);
        var (launcher, bare, openssl) = (new List<double>(), new List<double>(), new List<double>());
        for (var at = -1; at < count; at++)
        {
            var rounds = new[] { Timed(program, "verify", certificate), Timed(adapt, "verify", certificate), Timed("/bin/sh", "-c", peer) };
            if (at < 0)
                continue; // warms the page cache
            bare.Add(rounds[0]);
            launcher.Add(rounds[1]);
            openssl.Add(rounds[2]);
        }

        return $"""

            | verify, cold process, {count} times interleaved | ms, median [least-most] |
            |---|---|
            | adapt verify (bound 150) | {Programs.Spread(bare)} |
            | ./adapt verify, with the launcher's look for changed sources | {Programs.Spread(launcher)} |
            | openssl pkeyutl, both signatures, extraction not counted | {Programs.Spread(openssl)} |
            | ratio adapt / openssl | {FormattableString.Invariant($"{Median(bare.Zip(openssl, (a, b) => a / b)):0.0}")} |
            """;
    }

    private static double Timed(string program, params string[] arguments)
    {
        var (exit, output, wall) = Programs.Run(program, arguments);
        return exit == 0 ? wall.TotalMilliseconds : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {exit}:\n{output}");
    }

    /// <summary>Writes the signed bytes, the signatures and the keys to files, as docs/verify.md has it, and returns the command that checks them.</summary>
    private static string Peer(string certificate, string work)
    {
        using var envelope = JsonDocument.Parse(File.ReadAllBytes(certificate));
        var payload = envelope.RootElement.GetProperty("payload").GetBytesFromBase64();
        var type = envelope.RootElement.GetProperty("payloadType").GetString()!;
        byte[] pae = [.. Encoding.UTF8.GetBytes($"DSSEv1 {type.Length} {type} {payload.Length} "), .. payload];
        File.WriteAllBytes(Path.Combine(work, "pae.bin"), pae);
        var home = Environment.GetEnvironmentVariable("XDG_DATA_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        using var trust = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(home, "adaptation", "keys", "issuer", "trust.json")));
        var keys = trust.RootElement.GetProperty("keys").EnumerateArray().ToDictionary(key => key.GetProperty("keyid").GetString()!, StringComparer.Ordinal);
        var commands = new List<string>();
        foreach (var signature in envelope.RootElement.GetProperty("signatures").EnumerateArray())
        {
            var key = keys[signature.GetProperty("keyid").GetString()!];
            var name = key.GetProperty("algorithm").GetString()!;
            File.WriteAllBytes(Path.Combine(work, name + ".sig"), signature.GetProperty("sig").GetBytesFromBase64());
            File.WriteAllBytes(Path.Combine(work, name + ".der"), key.GetProperty("spki").GetBytesFromBase64());
            var digest = name.StartsWith("sm2", StringComparison.Ordinal) ? "-digest sm3 -pkeyopt distid:1234567812345678" : "-digest sha256";
            commands.Add($"openssl pkeyutl -verify -pubin -keyform DER -inkey {work}/{name}.der -rawin {digest} -in {work}/pae.bin -sigfile {work}/{name}.sig");
        }

        return string.Join(" && ", commands);
    }

    private static double Median(IEnumerable<double> samples)
    {
        var sorted = samples.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
