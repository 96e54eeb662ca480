using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A backend as a child process in a session of its own.</summary>
internal sealed class LocalProcess : IContainer
{
    private const int ChunkBytes = 32 * 1024;

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly ProcessRecord _record;
    private readonly string _stateFolder;
    private readonly ContainerSpec _spec;
    private readonly bool _memoryLimited;
    private readonly TimeProvider _time;
    private readonly Task _copying;
    private readonly OutputBuffer _output = new();

    private bool _removed;

    private LocalProcess(Process process, ProcessRecord record, string stateFolder, ContainerSpec spec, bool memoryLimited, TimeProvider time)
    {
        (_process, _record, _stateFolder, _spec, _memoryLimited, _time) = (process, record, stateFolder, spec, memoryLimited, time);
        _copying = CopyAsync();
    }

    public string Id => _record.Name;

    public static async Task<LocalProcess> StartAsync(
        string stateFolder, ContainerSpec spec, string program, ImmutableArray<string> arguments,
        ImmutableDictionary<string, string> environment, TimeProvider time, CancellationToken cancellationToken)
    {
        var limiter = File.Exists("/usr/bin/prlimit") && spec.MemoryBytes > 0
            ? ImmutableArray.Create("/usr/bin/prlimit", string.Create(CultureInfo.InvariantCulture, $"--data={spec.MemoryBytes}"), "--")
            : [];
        // one pipe for both streams keeps their order. The shell waits for a line until the record is written: nothing runs unrecorded.
        var start = new ProcessStartInfo("/usr/bin/setsid", ["/bin/sh", "-c", "read go && exec \"$0\" \"$@\" 2>&1 </dev/null", .. limiter, program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        var process = Process.Start(start) ?? throw new UnreachableException();
        var name = RunOwner.Of(process.Id) ?? throw new BrokenEnvironmentException($"{program} ended before it began: /usr/bin/setsid or /bin/sh does not work here.");
        var record = new ProcessRecord(spec.RunId, spec.Owner, name);
        try
        {
            record.Write(stateFolder);
            await process.StandardInput.WriteAsync("go\n".AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
            record.Delete(stateFolder);
            if (failed is OperationCanceledException)
                throw;
            throw new BrokenEnvironmentException($"A process could not be started or recorded in {stateFolder}: {failed.Message}", failed);
        }

        return new LocalProcess(process, record, stateFolder, spec, limiter.Length > 0, time);
    }

    public Task<ContainerState> InspectAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var ended = _removed || _process.HasExited;
        return Task.FromResult(new ContainerState(
            !ended,
            _removed || !ended ? null : _process.ExitCode,
            OutOfMemory: false, // a limit on data makes allocations fail; the kernel kills nobody, so there is nothing to read
            ended ? null : _process.Id,
            _spec.Network is ContainerNetwork.PublishedPort port ? new IPEndPoint(IPAddress.Loopback, port.Port) : null,
            ProcessFacts.Read(ended ? null : _process.Id, _spec, _memoryLimited)));
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> LogAsync(CancellationToken cancellationToken) => _output.ReadAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_removed)
            return;
        using var limit = new CancellationTokenSource(EndLimit, _time);
        try
        {
            await ProcessTree.EndAsync(_record.Process, _time, limit.Token);
            await _process.WaitForExitAsync(limit.Token);
            await _copying.WaitAsync(limit.Token);
            _record.Delete(_stateFolder);
        }
        catch (OperationCanceledException)
        {
            // in the kernel's hands, such as in a hanging driver; its record stays, and the next run tries again
        }

        _removed = true;
        _process.Dispose();
    }

    private async Task CopyAsync()
    {
        try
        {
            var stream = _process.StandardOutput.BaseStream;
            var chunk = new byte[ChunkBytes];
            while (true)
            {
                var read = await stream.ReadAsync(chunk, CancellationToken.None);
                if (read == 0)
                    break;
                _output.Add(chunk.AsSpan(0, read).ToArray());
            }

            _output.End(broken: null);
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException)
        {
            _output.End(broken);
        }
    }
}
