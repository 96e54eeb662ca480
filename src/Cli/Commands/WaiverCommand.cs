using System.CommandLine;
using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt waiver new|sign|show</c>: how a tester and a reviewer accept one failure of one run for a while.</summary>
internal static class WaiverCommand
{
    public static Command Create(Machine machine) => new("waiver", "Accept one failure for a while, by two people  两人签字，限期豁免一项不通过")
    {
        New(machine), Sign(), Show(machine),
    };

    /// <exception cref="BadInputException">The file cannot be read, or is no waiver.</exception>
    public static SignedWaiver Read(string file)
    {
        try
        {
            return SignedWaiver.Read(TrustFiles.ReadFile(file, "the waiver"));
        }
        catch (RejectedException malformed)
        {
            throw new BadInputException([new Problem(file, 0, "", $"is not a waiver: {malformed.Message}")]);
        }
    }

    private static Command New(Machine machine)
    {
        var run = new Option<string>("--run") { Description = "The run's id, or its folder  运行编号或目录", HelpName = "RUN", Required = true };
        var check = new Option<string>("--check") { Description = "The check that failed  不通过的检验项", HelpName = "ID", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why it is acceptable  理由", HelpName = "TEXT", Required = true };
        var defect = new Option<string>("--defect") { Description = "Where the defect is tracked  缺陷记录地址", HelpName = "URL", Required = true };
        var expires = new Option<string>("--expires") { Description = "Last day (UTC), or a time such as 2027-01-31T08:00:00Z  截止日期", HelpName = "DATE", Required = true };
        var (key, passphrase, runs) = (KeyOption(), Passphrases.Option(), FinishedRuns.Folder());
        var command = new Command("new", "Write a waiver with its first signature to standard output  起草豁免并首签，输出到标准输出") { run, check, reason, defect, expires, key, passphrase, runs };
        command.SetAction(parsed =>
        {
            var until = Times.Read(parsed.GetValue(expires)!, "--expires");
            using var person = KeyFile.Open(parsed.GetValue(key)!, Passphrases.From(parsed.GetValue(passphrase)));
            var finished = FinishedRun.Open(FinishedRuns.Find(parsed.GetValue(run)!, parsed.GetValue(runs)!), machine.Root);
            var draft = finished.Draft(parsed.GetValue(check)!, parsed.GetValue(reason)!, parsed.GetValue(defect)!, machine.Time.GetUtcNow(), until);
            var waiver = Signed("--reason, --defect", () => SignedWaiver.Sign(draft, person));
            using var output = Console.OpenStandardOutput();
            output.Write(waiver.ToBytes());
        });
        return command;
    }

    private static Command Sign()
    {
        var file = new Argument<string>("waiver") { Description = "The waiver with the first signature; the second is added to it  已首签的豁免文件" };
        var (key, passphrase) = (KeyOption(), Passphrases.Option());
        var command = new Command("sign", "Sign what another person signed, after reading it  复核后加签") { file, key, passphrase };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(file)!;
            using var person = KeyFile.Open(parsed.GetValue(key)!, Passphrases.From(parsed.GetValue(passphrase)));
            var waiver = Signed(path, () => Read(path).SignAlso(person));
            WholeFile.Write(Path.GetFullPath(path), waiver.ToBytes());
            Console.WriteLine($"signed 已签 by {person.Key.Person}: {path}");
            WaiverView.Print(waiver.Content);
        });
        return command;
    }

    private static Command Show(Machine machine)
    {
        var file = new Argument<string>("waiver") { Description = "The waiver  豁免文件" };
        var trust = TrustFiles.Option("Trusted keys of testers and reviewers; without any, signatures are not checked  受信公钥");
        var json = new Option<bool>("--json") { Description = "One JSON object, for scripts  输出 JSON" };
        var command = new Command("show", "Show what a waiver says, and with --trust who signed it  显示豁免内容与签字人") { file, trust, json };
        command.SetAction(parsed => Show(machine, parsed.GetValue(file)!, parsed.GetValue(trust) ?? [], parsed.GetValue(json)));
        return command;
    }

    private static int Show(Machine machine, string file, string[] trustFiles, bool json)
    {
        var waiver = Read(file);
        VerifiedWaiver? verified = null;
        Rejection? refused = null;
        if (trustFiles.Length > 0)
        {
            try
            {
                verified = VerifiedWaiver.Check(waiver, TrustFiles.Read(trustFiles), machine.Time.GetUtcNow());
            }
            catch (RejectedException why)
            {
                refused = why.Rejection;
            }
        }

        if (json)
            WriteJson(waiver, verified, refused);
        else
            Print(waiver, verified, refused);
        return refused is null ? ExitCode.Certified : ExitCode.Rejected;
    }

    private static void Print(SignedWaiver waiver, VerifiedWaiver? verified, Rejection? refused)
    {
        Console.WriteLine(verified is not null ? "SIGNED 两人签字有效"
            : refused is not null ? $"REFUSED 拒绝  {refused}"
            : $"{waiver.Signatures} signature(s), not checked 未核对签名；--trust FILE checks them");
        if (verified is not null)
            WaiverView.Print(verified);
        else
            WaiverView.Print(waiver.Content);
    }

    private static void WriteJson(SignedWaiver waiver, VerifiedWaiver? verified, Rejection? refused)
    {
        using var output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteNumber("v", 1);
            WaiverView.Write(writer, waiver.Content);
            writer.WriteNumber("signatures", waiver.Signatures);
            writer.WriteBoolean("verified", verified is not null);
            if (refused is not null)
                writer.WriteString("code", refused.Code);
            writer.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    private static SignedWaiver Signed(string what, Func<SignedWaiver> sign)
    {
        try
        {
            return sign();
        }
        catch (RejectedException refused)
        {
            throw new BadInputException([new Problem(what, 0, "", refused.Message)]);
        }
    }

    private static Option<string> KeyOption() => new("--key") { Description = "Your private key, made with `adapt keys new`  本人私钥", HelpName = "FILE", Required = true };
}
