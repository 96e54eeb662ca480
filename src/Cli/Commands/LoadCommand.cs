using System.CommandLine;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>What <c>adapt load</c> is made of besides its arguments.</summary>
/// <param name="Driver">The client that sends and stamps.</param>
/// <param name="Pace">Starts the server of known delay.</param>
/// <param name="Tokenizer">Opens a tokenizer.json or GGUF file; throws <see cref="BadInputException"/> if it is none.</param>
internal sealed record LoadParts(Func<ITextLoadDriver> Driver, IPaceServer Pace, Func<string, ITokenizer> Tokenizer);

/// <summary><c>adapt load</c>: measures any OpenAI-compatible server, without a certificate.</summary>
internal static class LoadCommand
{
    public static Command Create(Machine machine, LoadParts parts)
    {
        var options = new LoadOptions();
        var command = options.AddTo(new Command("load", "Measure an OpenAI-compatible server under load  对 OpenAI 兼容服务进行负载测试"));
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (target, workload, request) = options.Read(parsed, parts.Tokenizer);
            await using var view = LoadView.For(parsed.GetValue(options.Json), machine.Time);
            return await RunAsync(machine, new LoadSession(parts.Driver(), parts.Pace, target, workload, request, view.Show), view, parsed.GetValue(options.Out)!, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Machine machine, LoadSession session, LoadView view, string parent, CancellationToken cancellationToken)
    {
        var result = await session.RunAsync(cancellationToken);
        var folder = LoadFolder.Create(parent, machine.Time);
        LoadFolder.Write(folder, result);
        view.Finish(result, folder);
        return result.End switch
        {
            LoadEnd.Valid => ExitCode.Certified,
            LoadEnd.LimitsMissed => ExitCode.Rejected,
            LoadEnd.Void => ExitCode.Incomplete,
            _ => ExitCode.Cancelled,
        };
    }
}
