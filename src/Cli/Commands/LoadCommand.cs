using System.CommandLine;
using System.Runtime.InteropServices;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>What <c>adapt load</c> is made of besides its arguments.</summary>
/// <param name="Driver">The client that sends and stamps.</param>
/// <param name="Pace">Starts the server of known delay.</param>
/// <param name="Tokenizer">Opens a tokenizer.json or GGUF file; throws <see cref="BadInputException"/> if it is none.</param>
internal sealed record LoadParts(Func<ITextLoadDriver> Driver, IPaceServer Pace, Func<string, ITokenizer> Tokenizer);

/// <summary>Takes the first Ctrl-C (or SIGTERM) as a wish to end with what there is, and leaves the second one to the system, which ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly PosixSignalRegistration[] _signals;

    /// <param name="cancelled">Asks for the same.</param>
    public Interruption(CancellationToken cancelled)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Take), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take)];
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _source.Dispose();
    }

    internal void Take(PosixSignalContext signal)
    {
        signal.Cancel = !_source.IsCancellationRequested;
        _source.Cancel();
    }
}

/// <summary><c>adapt load</c>: measures any OpenAI-compatible server, without a certificate.</summary>
internal static class LoadCommand
{
    public const string Name = "load";

    public static Command Create(Machine machine, LoadParts parts)
    {
        var options = new LoadOptions();
        var command = options.AddTo(new Command(Name, "Measure an OpenAI-compatible server under load  对 OpenAI 兼容服务进行负载测试"));
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
        using var interruption = new Interruption(cancellationToken);
        var folder = LoadFolder.Create(parent, machine.Time); // first: nothing is to be measured that cannot be kept
        try
        {
            var result = await session.RunAsync(interruption.Token);
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
        finally
        {
            LoadFolder.RemoveIfEmpty(folder);
        }
    }
}
