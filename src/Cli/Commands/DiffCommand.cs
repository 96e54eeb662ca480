using System.CommandLine;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary><c>adapt diff</c>: in which fields do two combinations differ, and does a certificate of the first cover the second?</summary>
internal static class DiffCommand
{
    private const string Kinds = "combination.lock, run or evidence folder, certificate  组合锁、运行目录、证据目录或证书";

    public static Command Create(Machine machine)
    {
        var first = new Argument<string>("first") { Description = $"What was certified: {Kinds}", HelpName = "LOCK" };
        var second = new Argument<string>("second") { Description = $"What is asked about: {Kinds}", HelpName = "LOCK" };
        var trust = TrustFiles.Option("Trusted keys, for certificates; this user's development keys if not given  受信公钥");
        var json = new Option<bool>("--json") { Description = "One JSON object, for scripts  输出 JSON" };
        var command = new Command("diff", "Show how two combinations differ, and what that means for a certificate of the first  比较两个组合") { first, second, trust, json };
        command.SetAction(parsed =>
        {
            var keys = parsed.GetValue(trust) is { Length: > 0 } given ? given : [machine.TrustFile];
            var (one, two) = (LockInput.Read(parsed.GetValue(first)!, machine, keys), LockInput.Read(parsed.GetValue(second)!, machine, keys));
            var comparison = Compare(one, two);
            if (parsed.GetValue(json))
                LockDiffView.WriteJson(Console.Out, one, two, comparison);
            else
                LockDiffView.Print(Console.Out, one, two, comparison);
            return comparison.IsCovered ? ExitCode.Certified : ExitCode.Rejected;
        });
        return command;
    }

    /// <summary>A certificate has no more than the combination of its lock; where one is given, that is all that is compared.</summary>
    private static LockComparison Compare(LockInput first, LockInput second) =>
        first.Detail is { } one && second.Detail is { } two
            ? LockComparison.Of(new CombinationLock(first.Combination, one), new CombinationLock(second.Combination, two), first.Scope)
            : LockComparison.Of(first.Combination, second.Combination, first.Scope);
}

/// <summary>A combination that a user named.</summary>
/// <param name="Detail">Null of a certificate, which does not have it.</param>
/// <param name="Certificate">Its id, where the combination is a certificate's; null otherwise.</param>
internal sealed record LockInput(string Name, CanonicalValue.Object Combination, CanonicalValue.Object? Detail, InheritanceScope Scope, string? Certificate)
{
    /// <exception cref="BadInputException">There is no lock in it, or it is none that can be relied upon.</exception>
    public static LockInput Read(string name, Machine machine, string[] trust)
    {
        try
        {
            if (Directory.Exists(name))
                return ReadFolder(name);
            var bytes = TrustFiles.ReadFile(name, "a lock or certificate");
            return IsEnvelope(bytes) ? ReadCertificate(name, bytes, machine, trust) : ReadLock(name, bytes);
        }
        catch (RejectedException refused)
        {
            throw Not(name, $"is no combination.lock that can be relied upon: {refused.Message}");
        }
    }

    private static LockInput ReadLock(string name, byte[] bytes)
    {
        var read = CombinationLock.Read(bytes);
        return new(name, read.Combination, read.Detail, InheritanceScope.Standing, Certificate: null);
    }

    private static LockInput ReadFolder(string name)
    {
        foreach (var folder in (ReadOnlySpan<string>)[Path.Combine(name, "evidence"), name])
        {
            var (file, after) = (Path.Combine(folder, "combination.lock"), Path.Combine(folder, "lock-after.json"));
            if (!File.Exists(file))
                continue;
            var bytes = TrustFiles.ReadFile(file, "a lock");
            if (File.Exists(after) && !TrustFiles.ReadFile(after, "a lock").AsSpan().SequenceEqual(bytes))
                throw Not(name, $"the stack changed during that run, so that its lock describes nothing that was tested; see how with `adapt diff {file} {after}`");
            return ReadLock(name, bytes);
        }

        throw Not(name, "has no combination.lock, nor evidence/combination.lock: expected the folder of a run, or its evidence");
    }

    /// <summary>Only what is signed by a trusted key is compared.</summary>
    private static LockInput ReadCertificate(string name, byte[] bytes, Machine machine, string[] trust) =>
        CertificateVerifier.Verify(bytes, TrustFiles.Read(trust), machine.Time.GetUtcNow(), knownSuites: null, acceptWaivers: null) switch
        {
            Verification.Accepted { Certificate.Content: var content } => new(name, content.Combination, Detail: null, InheritanceScope.Of(content), content.CertificateId),
            Verification.Refused refused => throw Not(name, $"is a certificate that `adapt verify` refuses, so that it covers nothing: {refused.Rejection}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    /// <summary>A DSSE envelope has a payload; a lock has none.</summary>
    private static bool IsEnvelope(byte[] bytes) => bytes.AsSpan().IndexOf("\"payloadType\""u8) >= 0 && bytes.AsSpan().IndexOf("\"combination\""u8) < 0;

    private static BadInputException Not(string name, string why) => new([new Problem(name, 0, "", why)]);
}
