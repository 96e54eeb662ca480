using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>The host's own server of known delay, as a child process that listens on a socket in a folder of its own.</summary>
/// <param name="hostFile">The published <c>adaptation-host</c>.</param>
public sealed class PaceServerProcess(string hostFile, TimeProvider time) : IPaceServer
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);

    public async Task<IRunningPace> StartAsync(PaceSpec spec, CancellationToken cancellationToken)
    {
        if (!File.Exists(hostFile))
            throw new BrokenEnvironmentException($"{hostFile} is not there, which the client is calibrated against; start the tool through the `adapt` script, which builds it.");
        var folder = Directory.CreateTempSubdirectory("adapt-pace-").FullName;
        var socket = Path.Combine(folder, "s");
        var start = new ProcessStartInfo(hostFile) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in Arguments(spec, socket))
            start.ArgumentList.Add(argument);
        var running = new Running(start, folder, socket);
        try
        {
            await running.ReadyAsync(time, cancellationToken);
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    private static string[] Arguments(PaceSpec spec, string socket)
    {
        static string Millis(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        return
        [
            "--adapter", "pace", "--listen", $"unix:{socket}", "--first-ms", Millis(spec.First), "--gap-ms", Millis(spec.Gap),
            "--tokens", spec.Tokens.ToString(CultureInfo.InvariantCulture),
        ];
    }

    private sealed class Running : IRunningPace
    {
        private readonly Process _process;
        private readonly string _folder;
        private readonly string _socket;
        private readonly Task<string> _output;
        private readonly Task<string> _error;
        private bool _isDisposed;

        public Running(ProcessStartInfo start, string folder, string socket)
        {
            (_folder, _socket) = (folder, socket);
            try
            {
                _process = Process.Start(start)!;
            }
            catch (System.ComponentModel.Win32Exception denied)
            {
                Directory.Delete(folder, recursive: true);
                throw new BrokenEnvironmentException($"{start.FileName} cannot be started: {denied.Message}", denied);
            }

            // read, or it would stop at a full pipe
            _output = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            _error = _process.StandardError.ReadToEndAsync(CancellationToken.None);
        }

        public Transport Transport => new Transport.UnixSocket(_socket);

        public async Task ReadyAsync(TimeProvider time, CancellationToken cancellationToken)
        {
            var started = time.GetTimestamp();
            while (!Accepts())
            {
                if (_process.HasExited)
                    throw new BrokenEnvironmentException($"The server of known delay ended with code {_process.ExitCode}: {(await _error).Trim()}{(await _output).Trim()}");
                if (time.GetElapsedTime(started) > ReadyWithin)
                    throw new BrokenEnvironmentException($"The server of known delay did not listen within {ReadyWithin.TotalSeconds:0} s; this machine is too busy to measure on.");
                await Task.Delay(Between, time, cancellationToken);
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
            await Task.WhenAll(_output, _error);
            _process.Dispose();
            Directory.Delete(_folder, recursive: true);
        }

        private bool Accepts()
        {
            if (!File.Exists(_socket))
                return false;
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(_socket));
                return true;
            }
            catch (SocketException)
            {
                return false; // bound and not yet listening
            }
        }
    }
}
