using System.CommandLine;
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
        var launch = new LaunchOptions();
        var print = new Option<string>("--print") { Description = "docker: as a docker run  以 docker run 形式打印", DefaultValueFactory = _ => "docker", HelpName = "docker" };
        print.AcceptOnlyFromAmong("docker");
        var command = new Command("plan", "Show the container that a run would start  显示将要启动的容器") { profile, model, launch.Form, launch.Devices, print };
        command.SetAction(parsed =>
        {
            var inputs = RunInputs.Read(new RunRequest(machine.Root, parsed.GetValue(profile)!, parsed.GetValue(model)!, "0.1", "quick"));
            Console.Write(DockerRun.Text(ServerContainer.Show(inputs, launch.Read(parsed), Path.Exists)));
            return ExitCode.Certified;
        });
        return command;
    }
}
