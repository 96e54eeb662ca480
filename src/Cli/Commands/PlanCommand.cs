using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Adaptation.Core;
using Adaptation.Runner;
using Adaptation.Runner.Docker;

namespace Adaptation.Cli;

/// <summary><c>adapt plan</c>: shows the container that a run would start, and starts nothing.</summary>
internal static class PlanCommand
{
    public static Command Create(Machine machine)
    {
        var profile = new Option<string>("--profile") { Description = "Profile: an id or a file  硬件与软件栈配置", Required = true, HelpName = "ID|FILE" };
        var model = new Option<string>("--model") { Description = "Reference model: an id or a manifest  参考模型", DefaultValueFactory = _ => "tiny-poet", HelpName = "ID|FILE" };
        var form = new Option<string?>("--form") { Description = "How devices get in; the first that is known if left out  设备注入方式", HelpName = "toolkit|cdi|plain" };
        form.AcceptOnlyFromAmong("toolkit", "cdi", "plain");
        var devices = new Option<string>("--devices") { Description = "Numbers of devices: 0,1  设备编号", DefaultValueFactory = _ => "0", HelpName = "N,N" };
        var print = new Option<string>("--print") { Description = "docker: as a docker run  以 docker run 形式打印", DefaultValueFactory = _ => "docker", HelpName = "docker" };
        print.AcceptOnlyFromAmong("docker");
        var command = new Command("plan", "Show the container that a run would start  显示将要启动的容器") { profile, model, form, devices, print };
        command.SetAction(parsed =>
        {
            var inputs = RunInputs.Read(new RunRequest(machine.Root, parsed.GetValue(profile)!, parsed.GetValue(model)!, "0.1", "quick"));
            LaunchForm? chosen = parsed.GetValue(form) is { } word ? Enum.Parse<LaunchForm>(word, ignoreCase: true) : null;
            Console.Write(DockerRun.Text(ServerContainer.Show(inputs, chosen, Numbers(parsed.GetValue(devices)!), File.Exists)));
            return ExitCode.Certified;
        });
        return command;
    }

    private static ImmutableArray<int> Numbers(string list)
    {
        string[] words = list.Split(',', StringSplitOptions.TrimEntries);
        return words.All(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            ? [.. words.Select(word => int.Parse(word, CultureInfo.InvariantCulture))]
            : throw new BadInputException([new Problem("--devices", 0, "", $"is `{list}`; expected numbers such as 0,1")]);
    }
}
