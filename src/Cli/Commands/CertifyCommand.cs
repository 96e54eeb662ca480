using System.CommandLine;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt certify</c> and <c>adapt resume</c>: carry a run out and show how it goes.</summary>
internal static class CertifyCommand
{
    private static readonly Option<string> Runs = new("--runs")
    {
        Description = "Folder for runs  运行记录目录",
        DefaultValueFactory = _ => "runs",
        HelpName = "DIR",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "One JSON object per line, for scripts  逐行输出 JSON" };

    /// <param name="operators">Makes the cases of single operators.</param>
    public static Command Create(Machine machine, OpenWorkshop open, OperatorSource operators)
    {
        var profile = new Option<string>("--profile") { Description = "Profile: an id or a file  硬件与软件栈配置", DefaultValueFactory = _ => "generic/x64-onnxruntime", HelpName = "ID|FILE" };
        var model = new Option<string>("--model") { Description = "Reference model: an id or a file  参考模型", DefaultValueFactory = _ => "ppocrv4-rec", HelpName = "ID|FILE" };
        var precision = new Option<string?>("--precision") { Description = "Form of a language model: f32, f16, bf16, q8_0, q4_0  语言模型的权重精度", HelpName = "TYPE" };
        var suite = new Option<string>("--suite") { Description = "quick or audit (capped at L1), or full  检验套件", DefaultValueFactory = _ => "quick", HelpName = "NAME" };
        var standard = new Option<string>("--standard") { Description = "Version of the standard  标准版本", DefaultValueFactory = _ => "0.1", HelpName = "VERSION" };
        var isolation = new Option<string>("--isolation")
        {
            Description = "any: a container, or a plain process where none can be had; process is capped at L1  隔离方式",
            DefaultValueFactory = _ => "any",
            HelpName = "any|container|process",
        };
        isolation.AcceptOnlyFromAmong("any", "container", "process");
        var launch = new LaunchOptions();
        var command = new Command("certify", "Deploy, check, judge, certify  部署、检验、判定、签发证书") { profile, model, precision, suite, standard, isolation, launch.Devices, launch.Form, Runs, Json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var request = new RunRequest(
                machine.Root, parsed.GetValue(profile)!, parsed.GetValue(model)!, parsed.GetValue(standard)!, parsed.GetValue(suite)!,
                parsed.GetValue(precision))
            {
                Launch = launch.Read(parsed),
            };
            return RunAsync(
                machine, open, operators, request, Enum.Parse<Isolation>(parsed.GetValue(isolation)!, ignoreCase: true), parsed.GetValue(Json),
                (conductor, prepared, token) => conductor.StartAsync(prepared, parsed.GetValue(Runs)!, token), cancellationToken);
        });
        return command;
    }

    /// <inheritdoc cref="Create"/>
    public static Command CreateResume(Machine machine, OpenWorkshop open, OperatorSource operators)
    {
        var run = new Argument<string>("run") { Description = "The run's id, or its folder  运行编号或目录" };
        var command = new Command("resume", "Go on with an interrupted run  继续被中断的运行") { run, Runs, Json };
        command.SetAction((parsed, cancellationToken) =>
        {
            var asked = parsed.GetValue(run)!;
            var folder = Directory.Exists(asked) ? asked : Path.Combine(parsed.GetValue(Runs)!, asked);
            var directory = new RunDirectory(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
            // the way it was begun, or not at all: a run does not change its isolation half-way
            var isolation = RequestFile.WasInContainer(directory) ? Isolation.Container : Isolation.Process;
            return RunAsync(
                machine, open, operators, RequestFile.Read(directory, machine.Root), isolation, parsed.GetValue(Json),
                (conductor, prepared, token) => conductor.ResumeAsync(prepared, directory, token), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Machine machine, OpenWorkshop open, OperatorSource operators, RunRequest request, Isolation isolation, bool json,
        Func<Conductor, Prepared, CancellationToken, Task<Judgement>> carryOut, CancellationToken cancellationToken)
    {
        // what can be said without starting anything is said first
        var inputs = RunInputs.Read(request);
        SelfTest.Run();
        using var keys = DevelopmentKeys.OpenOrCreate(machine.KeyFolder, machine.Time);
        await using var view = View.For(json, machine.Time);
        void Announce(string what) => view.Show(new RunEvent.Preparing(what));
        await using var workshop = await open(machine, isolation, Announce, cancellationToken);
        foreach (var removed in await Leftovers.RemoveAsync(workshop.Engine, cancellationToken))
            Announce($"removed what a dead run left: {removed}");
        var launch = workshop.Preparation.PlanLaunch(inputs.Profile, request.Launch);
        var prepared = await workshop.Preparation.PrepareAsync(inputs, cancellationToken) with { Launch = launch };
        var conductor = new Conductor(keys, machine.Time, Machine.Version, view.Show) { Operators = operators };
        var judgement = await carryOut(conductor, prepared, cancellationToken);
        return judgement.Outcome switch
        {
            Outcome.Certified => ExitCode.Certified,
            Outcome.Rejected => ExitCode.Rejected,
            _ => ExitCode.Incomplete,
        };
    }
}
