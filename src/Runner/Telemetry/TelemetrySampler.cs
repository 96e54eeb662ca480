using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Reads the machine once a second while a step goes on, each reader by itself and never twice at once: a slow one is read as often as it ends.</summary>
/// <remarks>Whatever a reader does, the step does not see it: what fails is kept as a failure, what hangs is ended, and one that goes on failing is left alone.</remarks>
internal sealed class TelemetrySampler : IAsyncDisposable
{
    private const int MostFailures = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(950), LastWord = TimeSpan.FromSeconds(3); // a timer rings some milliseconds late: no more than a second

    private readonly ImmutableArray<TelemetryReader> _readers;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly List<TelemetryReading> _readings = [];
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new(), _abort = new();
    private readonly Task _all;
    private long _kept, _read;

    public TelemetrySampler(ImmutableArray<TelemetryReader> readers, TimeProvider time)
    {
        (_readers, _time, Origin) = (readers, time, time.GetTimestamp());
        _all = Task.WhenAll(readers.Select((reader, at) => Task.Run(() => SampleAsync(reader, at), CancellationToken.None)));
    }

    /// <summary>Ticks of the runner's clock; all times of the log count from here.</summary>
    public long Origin { get; }

    /// <summary>Nanoseconds of the log at a tick of the runner's clock.</summary>
    public long At(long ticks) => _time.GetElapsedTime(Origin, ticks).Ticks * 100L;

    public long Now => At(_time.GetTimestamp());

    /// <summary>Ends the sampling, after one more reading of each, so that what was measured until now lies between two.</summary>
    public async Task<ImmutableArray<TelemetryReading>> StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_all, Task.Delay(LastWord, _time, CancellationToken.None));
        await _abort.CancelAsync();
        await _all;
        lock (_gate)
            return [.. _readings];
    }

    /// <summary>Ends it at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _abort.CancelAsync();
        await _stop.CancelAsync();
        await _all;
        _stop.Dispose();
        _abort.Dispose();
    }

    private async Task SampleAsync(TelemetryReader reader, int source)
    {
        for (var (failures, isLast) = (0, false); !isLast && failures < MostFailures;)
        {
            isLast = _stop.IsCancellationRequested;
            var started = _time.GetTimestamp();
            try
            {
                var output = await reader.ReadAsync(_abort.Token);
                failures = output.Failure is null ? 0 : failures + 1;
                Keep(source, started, output with { Failure = failures == MostFailures ? $"{output.Failure}; it is not asked again after {MostFailures} failures" : output.Failure });
            }
            catch (OperationCanceledException)
            {
                Keep(source, started, ToolOutput.Failed("it was not over when the step was"));
                return;
            }

            var left = Interval - _time.GetElapsedTime(started);
            if (!isLast && left > TimeSpan.Zero)
                await Task.Delay(left, _time, _stop.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private void Keep(int source, long started, ToolOutput output)
    {
        var (from, to) = (At(started), Now);
        lock (_gate)
        {
            if (_readings.Count == TelemetryLimits.Readings)
                return; // a gap from here on: what was read before stays whole
            var failure = output.Failure ?? (output.Text.Length > TelemetryLimits.OneText ? $"it printed {output.Text.Length} characters; at most {TelemetryLimits.OneText} are kept" : null);
            if (failure is null)
            {
                var isNew = !_texts.Contains(output.Text);
                if (_read + output.Text.Length > TelemetryLimits.Read || (isNew && _kept + output.Text.Length > TelemetryLimits.Texts))
                    failure = $"not kept: a step keeps {TelemetryLimits.Texts >> 20} MiB of texts, and {TelemetryLimits.Read >> 20} MiB of readings";
                else if ((_read += output.Text.Length) > 0 && isNew && _texts.Add(output.Text))
                    _kept += output.Text.Length;
            }

            _readings.Add(new(source, from, to, failure is null ? output.Text : null, failure is null ? null : Clip.Text(failure, 500)));
        }
    }
}
