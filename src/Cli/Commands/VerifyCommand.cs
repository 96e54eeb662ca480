using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt verify</c>: is this certificate what it claims to be, and does its evidence say the same?</summary>
internal static class VerifyCommand
{
    public static Command Create(Machine machine)
    {
        var file = new Argument<string>("certificate") { Description = "The certificate: certificate.dsse.json  证书文件" };
        var evidence = new Option<string?>("--evidence") { Description = "Recompute every figure and verdict from this evidence  由证据重新计算", HelpName = "DIR" };
        var trust = TrustFiles.Option("Trusted keys, may be given several times; this user's development keys if not given  受信公钥，可多次给出");
        var waivers = new Option<bool>("--accept-waivers") { Description = "Accept a certificate that passed with waivers  接受带豁免通过的证书" };
        var json = new Option<bool>("--json") { Description = "One JSON object, for scripts  输出 JSON" };
        var command = new Command("verify", "Check a certificate, offline  离线验证证书") { file, evidence, trust, waivers, json };
        command.SetAction(parsed => Verify(
            machine, parsed.GetValue(file)!, parsed.GetValue(evidence), parsed.GetValue(trust) is { Length: > 0 } given ? given : [machine.TrustFile],
            parsed.GetValue(waivers), parsed.GetValue(json)));
        return command;
    }

    private static int Verify(Machine machine, string file, string? evidence, string[] trustFiles, bool acceptWaivers, bool json)
    {
        var bytes = TrustFiles.ReadFile(file, "the certificate");
        if (evidence is not null && !Directory.Exists(evidence))
            throw new BadInputException([new Problem(evidence, 0, "--evidence", "there is no such folder")]);
        if (evidence is not null && Path.Combine(evidence, "evidence") is var inner && Directory.Exists(inner))
            throw new BadInputException([new Problem(evidence, 0, "--evidence", $"is the folder of a run; give its evidence: {inner}")]);
        var trust = TrustFiles.Read(trustFiles);
        var standards = Standards(machine);
        var known = standards.Keys.ToImmutableDictionary(digest => digest, digest => standards[digest], StringComparer.Ordinal);
        Standard Named(string digest) => ReadStandard(standards[digest]);
        switch (CertificateVerifier.Verify(bytes, trust, machine.Time.GetUtcNow(), known, acceptWaivers ? Named : null))
        {
            case Verification.Refused refused:
                return Refuse(file, refused.Rejection, json);
            case Verification.Accepted { Certificate: var certificate }:
                if (evidence is not null
                    && EvidenceVerifier.Verify(certificate, evidence, Named(certificate.Content.Suite.Sha256)) is EvidenceVerification.Refused differs)
                    return Refuse(file, differs.Rejection, json);
                if (json)
                    Write(writer => VerifiedView.Write(writer, certificate, evidence is not null));
                else
                    VerifiedView.Print(Console.Out, certificate, evidence is not null);
                return ExitCode.Certified;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static int Refuse(string file, Rejection rejection, bool json)
    {
        if (json)
            Write(writer =>
            {
                writer.WriteBoolean("valid", false);
                writer.WriteString("code", rejection.Code);
                writer.WriteString("message", rejection.Message);
            });
        else
        {
            Console.WriteLine($"REFUSED 拒绝  {rejection.Code}");
            Console.WriteLine($"{file}: {rejection.Message}");
            if (rejection.Code == "RESULT_WARNED")
                Console.WriteLine("If you accept that, say so with --accept-waivers.  如接受豁免，请加 --accept-waivers");
            if (rejection.Code == "SIG_UNTRUSTED")
                Console.WriteLine("If you trust its issuer, give the trust file that you got from the issuer: --trust FILE.  如信任该签发者，请用 --trust 指定其信任文件");
        }

        return ExitCode.Rejected;
    }

    /// <summary>Digest of each standard that this program came with to its file; the one in the evidence is never asked.</summary>
    private static Dictionary<string, string> Standards(Machine machine) => Directory
        .GetFiles(Path.Combine(machine.Root, "standard"), "catalogue.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .DistinctBy(file => Digests.Sha256(File.ReadAllBytes(file)), StringComparer.Ordinal)
        .ToDictionary(file => Digests.Sha256(File.ReadAllBytes(file)), StringComparer.Ordinal);

    private static Standard ReadStandard(string file)
    {
        var problems = new List<Problem>();
        return StandardReader.TryRead(file, file, problems) is { } standard && problems.Count == 0
            ? standard
            : throw new BadInputException([.. problems]);
    }

    private static void Write(Action<Utf8JsonWriter> members)
    {
        using var output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            members(writer);
            writer.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }
}
