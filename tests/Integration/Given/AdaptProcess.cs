using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Adaptation.Integration;

/// <summary>The real command line in a process of its own, told and listened to as a script would.</summary>
internal sealed partial class AdaptProcess : IDisposable
{
    public const int Interrupt = 2, Kill = 9;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);
    private readonly Process _process;
    private readonly long _started;
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];
    private readonly Task _reading;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AdaptProcess(Process process)
    {
        (_process, _started) = (process, TimeProvider.System.GetTimestamp());
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _errors));
    }

    public static AdaptProcess Start(Place place, params IEnumerable<string> arguments) => Start(place, place.Data, [], arguments);

    /// <param name="data">What XDG_DATA_HOME names.</param>
    /// <param name="inside">What becomes the command line, such as a program that enters another machine.</param>
    public static AdaptProcess Start(Place place, string data, IEnumerable<string> inside, IEnumerable<string> arguments)
    {
        // a shell's background job, which CI may be, starts with SIGINT ignored, and hands that on
        var start = new ProcessStartInfo("env", ["--default-signal=INT", .. inside, Place.Adapt, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = place.Runs,
        };
        start.Environment["ADAPTATION_ROOT"] = place.Root;
        start.Environment["ADAPTATION_HOST"] = Path.Combine(place.Root, "host", "adaptation-host");
        start.Environment["XDG_DATA_HOME"] = data;
        start.Environment["TMPDIR"] = place.Scratch;
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        start.Environment.Remove("DOCKER_HOST");
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{Place.Adapt} does not start");
        process.StandardInput.Close();
        return new(process);
    }

    /// <summary>Waits for an event whose line holds both texts.</summary>
    /// <exception cref="InvalidOperationException">The process ended without saying so.</exception>
    public async Task UntilAsync(string kind, string text, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task more;
            lock (_output)
            {
                if (_output.Any(line => line.Contains($"\"event\":\"{kind}\"", StringComparison.Ordinal) && line.Contains(text, StringComparison.Ordinal)))
                    return;
                more = _more.Task;
            }

            if (await Task.WhenAny(more, _reading).WaitAsync(Longest, TimeProvider.System, cancellationToken) == _reading)
                throw new InvalidOperationException($"it ended before it said {kind} {text}:\n{string.Join('\n', _output)}\n{string.Join('\n', _errors)}");
        }
    }

    public void Signal(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0)
            throw new InvalidOperationException($"signal {signal} was not sent: errno {Marshal.GetLastPInvokeError()}");
    }

    public async Task<Ended> EndAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Longest);
        await _process.WaitForExitAsync(limit.Token);
        await _reading.WaitAsync(limit.Token);
        return new(_process.ExitCode, [.. _output], string.Join('\n', _errors), TimeProvider.System.GetElapsedTime(_started));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, List<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            TaskCompletionSource reached;
            lock (_output)
            {
                lines.Add(line);
                (reached, _more) = (_more, new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            reached.SetResult();
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}

/// <summary>What a process that ended had said.</summary>
internal sealed record Ended(int ExitCode, ImmutableArray<string> Output, string Errors, TimeSpan Took)
{
    public override string ToString() => $"exit {ExitCode} after {Took.TotalSeconds:0.0} s\n{string.Join('\n', Output)}\n{Errors}";

    public IEnumerable<JsonElement> Events(string kind) =>
        Output.Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("event").GetString() == kind);

    /// <summary>Of the run that was started or gone on with; null where none was.</summary>
    public string? Directory => Events("started").Select(started => started.GetProperty("directory").GetString()).FirstOrDefault();

    public string? Certificate => Events("finished").Select(finished => finished.TryGetProperty("certificate", out var path) ? path.GetString() : null).FirstOrDefault();

    public string Verdict(string check) => Judged(check).GetProperty("verdict").GetString()!;

    /// <summary>Why the check did not pass, in the words of the program; empty for a pass.</summary>
    public string Reason(string check) => Judged(check).TryGetProperty("reason", out var reason) ? reason.GetString()! : "";

    private JsonElement Judged(string check) => Events("judged").FirstOrDefault(judged => judged.GetProperty("check").GetString() == check) is { ValueKind: JsonValueKind.Object } found
        ? found
        : throw new InvalidOperationException($"{check} was not judged: {this}");
}
