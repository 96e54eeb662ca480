using System.CommandLine;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt prepare</c>: fetches and builds all that a run needs, so that the run itself needs no network.</summary>
internal static class PrepareCommand
{
    public static Command Create(Machine machine, OpenWorkshop open)
    {
        var profile = new Option<string>("--profile") { Description = "Profile: an id or a file  配置", DefaultValueFactory = _ => "generic/x64-onnxruntime", HelpName = "ID|FILE" };
        var model = new Option<string>("--model") { Description = "Reference model: an id or a file  参考模型", DefaultValueFactory = _ => "ppocrv4-rec", HelpName = "ID|FILE" };
        var engine = new Option<string?>("--engine") { Description = "Only this engine pack, and nothing else  仅下载该引擎包", HelpName = "NAME" };
        var command = new Command("prepare", "Fetch and build all that a run needs, before going offline  预先下载与构建，供离线使用") { profile, model, engine };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(engine) is { } name)
            {
                Console.WriteLine($"engine={await FetchAsync(machine, name, cancellationToken)}");
                return ExitCode.Certified;
            }

            var inputs = RunInputs.Read(new RunRequest(machine.Root, parsed.GetValue(profile)!, parsed.GetValue(model)!, "0.1", "quick"));
            await using var workshop = await open(machine, Isolation.Container, what => Console.Error.WriteLine($"adapt: {what}"), cancellationToken);
            var prepared = await workshop.Preparation.PrepareAsync(inputs, cancellationToken);
            // name=value, so that a shell can read it
            Console.WriteLine($"image={prepared.Image.Digest}");
            Console.WriteLine($"engine={prepared.EngineFolder}");
            Console.WriteLine($"model={prepared.ModelFolder}");
            Console.WriteLine($"host={machine.HostFile}");
            return ExitCode.Certified;
        });
        return command;
    }

    private static Task<string> FetchAsync(Machine machine, string name, CancellationToken cancellationToken)
    {
        var packs = EnginePack.ReadAll(Path.Combine(machine.Root, "engines.lock.json"));
        var pack = packs.FirstOrDefault(candidate => candidate.Name == name) ?? throw new BadInputException(
            [new Problem("--engine", 0, "", $"`{name}` is not in engines.lock.json; there are {string.Join(", ", packs.Select(candidate => candidate.Name))}")]);
        return new NpmPackages(machine.Data("packages"), what => Console.Error.WriteLine($"adapt: {what}")).EnsureAsync(pack.Source, pack.Files, cancellationToken);
    }
}
