using System.CommandLine;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary><c>adapt replay</c>: asks a server what a reproducer asks, and says whether it answers as expected.</summary>
internal static class ReplayCommand
{
    public static Command Create(Machine machine, OpenWorkshop open)
    {
        var file = new Argument<string>("file") { Description = "A reproducer that `adapt culprit` wrote  复现文件" };
        var server = new ServerChoice();
        var json = new Option<bool>("--json") { Description = "One JSON object, for scripts  输出 JSON" };
        var command = new Command("replay", "Ask a server what a reproducer asks  用复现文件检验服务端") { file, json };
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var reproducer = ReplaySession.Read(parsed.GetValue(file)!);
            var chosen = server.Read(machine, parsed);
            var accuracy = StandInputs.Clause(machine.Root, "COR-01");
            var result = await AskAsync(machine, open, server.Isolation(parsed), chosen, target => ReplaySession.RunAsync(reproducer, target, accuracy, machine.Time, cancellationToken), cancellationToken);
            var view = new CulpritView(parsed.GetValue(json));
            view.Replayed(reproducer, chosen.Words, result);
            return result switch
            {
                ReplayResult.Answered { IsPass: true } => ExitCode.Certified,
                ReplayResult.Refused => ExitCode.Incomplete,
                _ => ExitCode.Rejected,
            };
        });
        return command;
    }

    private static async Task<ReplayResult> AskAsync(
        Machine machine, OpenWorkshop open, Isolation isolation, ChosenServer chosen, Func<IModelServer, Task<ReplayResult>> ask, CancellationToken cancellationToken)
    {
        if (chosen.Running is { } transport)
        {
            await using var remote = ServerChoice.Remote(machine, transport);
            return await ask(remote);
        }

        await using var workshop = await open(machine, isolation, CulpritView.Announce, cancellationToken);
        foreach (var removed in await Leftovers.RemoveAsync(workshop.Engine, cancellationToken))
            CulpritView.Announce($"removed what a dead run left: {removed}");
        await using var started = await ServerChoice.StartableAsync(machine, workshop, chosen.Stand!, cancellationToken);
        return await ask(started);
    }
}
