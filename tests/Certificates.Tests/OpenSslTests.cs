using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Adaptation.Certificates.Tests;

/// <summary>A third party with nothing but the openssl command, following section 2.5 of the design.</summary>
public sealed class OpenSslTests
{
    [Fact]
    public void Both_signatures_of_an_issued_certificate_are_verified_by_the_openssl_command()
    {
        using var folder = new TempFolder();
        using var envelope = JsonDocument.Parse(Given.Issued());
        var payload = envelope.RootElement.GetProperty("payload").GetBytesFromBase64();
        var head = $"DSSEv1 28 application/vnd.in-toto+json {payload.Length} ";
        File.WriteAllBytes(folder["pae.bin"], [.. Encoding.ASCII.GetBytes(head), .. payload]);
        var signatures = envelope.RootElement.GetProperty("signatures");

        foreach (var (index, options) in new[] { (0, "-digest sha256"), (1, "-digest sm3 -pkeyopt distid:1234567812345678") })
        {
            File.WriteAllText(folder["key.pub"], PemEncoding.WriteString("PUBLIC KEY", Given.Signers[index].Key.Spki.AsSpan()));
            File.WriteAllBytes(folder["sig"], signatures[index].GetProperty("sig").GetBytesFromBase64());
            var verify = $"pkeyutl -verify -pubin -inkey {folder["key.pub"]} -rawin {options} -sigfile {folder["sig"]} -in ";

            Assert.Equal(0, OpenSsl(verify + folder["pae.bin"]));
            File.WriteAllBytes(folder["other.bin"], [.. Encoding.ASCII.GetBytes(head), .. payload[..^1], (byte)' ']);
            Assert.NotEqual(0, OpenSsl(verify + folder["other.bin"]));
        }
    }

    [Fact]
    public void The_openssl_command_computes_the_same_digests()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["f"], "兼容性证书");
        using var process = Process.Start(new ProcessStartInfo("openssl", $"dgst -sm3 -r {folder["f"]}") { RedirectStandardOutput = true, UseShellExecute = false })!;

        var printed = process.StandardOutput.ReadToEnd();

        Assert.StartsWith(Digests.Of(File.ReadAllBytes(folder["f"])).Sm3, printed, StringComparison.Ordinal);
    }

    private static int OpenSsl(string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
