using System.CommandLine;
using Adaptation.Certificates;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt issue</c>: the certificate of a finished run whose failures were waived. Nothing is measured again.</summary>
internal static class IssueCommand
{
    public static Command Create(Machine machine)
    {
        var run = FinishedRuns.Argument();
        var runs = FinishedRuns.Folder();
        var waivers = new Option<string[]>("--waiver") { Description = "A waiver with both signatures; may be given several times  两人签字的豁免文件，可多次给出", HelpName = "FILE", Required = true };
        var trust = TrustFiles.Option("Trusted keys of testers and reviewers; may be given several times  检测人与复核人的受信公钥，可多次给出");
        trust.Required = true;
        var command = new Command("issue", "Certify a finished run whose failures were waived  为带豁免的已完成检测签发证书") { run, waivers, trust, runs };
        command.SetAction(parsed => Issue(
            machine, FinishedRuns.Find(parsed.GetValue(run)!, parsed.GetValue(runs)!), parsed.GetValue(waivers)!, parsed.GetValue(trust)!));
        return command;
    }

    private static int Issue(Machine machine, RunDirectory directory, string[] waiverFiles, string[] trustFiles)
    {
        var people = TrustFiles.Read(trustFiles);
        var waivers = waiverFiles.Select(file => WaiverCommand.Read(file)).ToArray();
        SelfTest.Run();
        using var keys = DevelopmentKeys.OpenOrCreate(machine.KeyFolder, machine.Time);
        var finished = FinishedRun.Open(directory, machine.Root);
        try
        {
            var issued = finished.Issue([.. waivers], people, keys, machine.Time.GetUtcNow(), Machine.Version);
            Console.WriteLine($"certified 已认证: level {issued.Content.Level}{WaiverView.Result(issued.Content)}");
            foreach (var waiver in issued.Waivers)
                WaiverView.Print(waiver);
            Console.WriteLine($"report: {directory.Report}");
            Console.WriteLine($"certificate: {directory.Certificate}");
            return ExitCode.Certified;
        }
        catch (RejectedException refused)
        {
            Console.WriteLine($"REFUSED 拒绝  {refused.Rejection.Code}");
            Console.WriteLine($"{directory.Id}: {refused.Rejection.Message}");
            Console.WriteLine("No certificate was issued.  未签发证书。");
            return ExitCode.Rejected;
        }
    }
}

/// <summary>How commands name a run that is over.</summary>
internal static class FinishedRuns
{
    public static Argument<string> Argument() => new("run") { Description = "The run's id, or its folder  运行编号或目录" };

    public static Option<string> Folder() => new("--runs") { Description = "Folder for runs  运行记录目录", DefaultValueFactory = _ => "runs", HelpName = "DIR" };

    public static RunDirectory Find(string asked, string runs) =>
        new(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Directory.Exists(asked) ? asked : Path.Combine(runs, asked))));
}
