using System.CommandLine;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt doctor</c>: what of this machine works, and what to do about the rest.</summary>
internal static class DoctorCommand
{
    public static Command Create(Machine machine, OpenWorkshop open)
    {
        var command = new Command("doctor", "Say what works on this machine and what does not  检查本机环境");
        command.SetAction((_, cancellationToken) => ExamineAsync(machine, open, cancellationToken));
        return command;
    }

    private static async Task<int> ExamineAsync(Machine machine, OpenWorkshop open, CancellationToken cancellationToken)
    {
        var ills = 0;
        async Task LookAsync(string what, Func<Task<string>> look)
        {
            try
            {
                Console.WriteLine($"  ok    {what}: {await look()}");
            }
            catch (Exception ill) when (ill is AdaptationException or IOException or UnauthorizedAccessException)
            {
                ills++;
                Console.WriteLine($"  FAIL  {what}: {ill.Message.ReplaceLineEndings("\n        ")}");
            }
        }

        var stack = new StackProbe("/").Read(new ChipFacts("generic", "CPU", "cpu", 1, null, null));
        Console.WriteLine($"  machine: {stack["cpu.model"]}, {Environment.ProcessorCount} processors, {stack["os.id"]} {stack["os.version"]}, kernel {stack["os.kernel"]}");
        await LookAsync("signatures (P-256, SM2 with SM3)", () =>
        {
            SelfTest.Run();
            return Task.FromResult("the self-test gives the known answers");
        });
        await LookAsync("development keys", () =>
        {
            using var keys = DevelopmentKeys.OpenOrCreate(machine.KeyFolder, machine.Time);
            return Task.FromResult(string.Join(", ", keys.Signers.Select(signer => $"{signer.Key.Algorithm} {signer.Key.KeyId[..19]}…")));
        });
        await LookAsync("standard, profiles and models", () =>
        {
            var inputs = RunInputs.Read(new RunRequest(machine.Root, "generic/x64-onnxruntime", "ppocrv4-rec", "0.1", "quick"));
            return Task.FromResult($"standard {inputs.Standard.Version} with {inputs.Standard.Clauses.Length} checks");
        });
        await LookAsync("container engine", async () =>
        {
            await using var workshop = await open(machine, Isolation.Container, what => Console.WriteLine($"        {what}"), cancellationToken);
            var engine = workshop.Engine.Description;
            return $"{engine.Name} {engine.Version}, API {engine.ApiVersion}, cgroup {engine.CgroupVersion}";
        });
        await LookAsync("host for adapters", () => File.Exists(machine.HostFile)
            ? Task.FromResult(machine.HostFile)
            : throw new BrokenEnvironmentException($"{machine.HostFile} is not there; start the tool through the `adapt` script, which builds it"));
        Console.WriteLine(ills == 0 ? "everything that a run needs is here  环境就绪" : $"{ills} thing(s) to mend  有 {ills} 项需要处理");
        return ills == 0 ? ExitCode.Certified : ExitCode.BrokenEnvironment;
    }
}
