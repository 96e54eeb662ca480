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
            var (inputs, unknown) = RunInputs.ReadToShow(new RunRequest(machine.Root, parsed.GetValue(profile)!, parsed.GetValue(model)!, "0.1", "quick"));
            var choice = launch.Read(parsed);
            var spec = ServerContainer.Show(inputs, choice, Path.Exists);
            foreach (var line in Legend(inputs, spec, choice))
                Console.WriteLine($"# {line}");
            Console.Write(DockerRun.Text(spec));
            // said last, beside the command and not in it: a shell may take what stands on the output
            foreach (var missing in unknown)
                Console.Error.WriteLine($"adapt: shown, but not to be run yet  仅可查看，尚不能运行: {missing}");
            return ExitCode.Certified;
        });
        return command;
    }

    /// <summary>What the variables of the printed command stand for, and what nobody looked at.</summary>
    private static IEnumerable<string> Legend(RunInputs inputs, ContainerSpec spec, LaunchChoice choice)
    {
        yield return $"IMAGE: built here of 由此构建 {inputs.Profile.Image.Folder} on 基于 {ProfileView.Image(inputs.Profile.Image)}";
        yield return $"SOCKETS: an empty folder for the server's socket 存放套接字的空目录; MODEL: the folder of the prepared model 模型目录, {inputs.Model.Id}{(inputs.Profile.Server.Cache is null ? "" : "; CACHE: an empty folder for the engine's cache 引擎缓存目录")}";
        if (!LaunchPlanner.IsNeeded(inputs.Profile))
            yield break;
        var form = spec.Runtime is not null ? LaunchForm.Toolkit : !spec.CdiDevices.IsEmpty ? LaunchForm.Cdi : LaunchForm.Plain;
        yield return $"form {LaunchChoice.Word(form)}: {(choice.Form is null ? "first known form 首个已知方式" : "as asked 按指定")}; whether this machine can do it was not looked at 未检查本机是否支持: adapt doctor --profile {inputs.Request.Profile}";
    }
}
