using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What is read of the machine while one step loads a server, and the energy checks that are judged from it.</summary>
internal sealed class StepTelemetry : IAsyncDisposable
{
    /// <summary>In this time every counter has moved on, so that the reading after the load's end is another than the one before it.</summary>
    private static readonly TimeSpan MovesOn = TimeSpan.FromMilliseconds(200);

    private readonly RunContext _run;
    private readonly TelemetrySampler _sampler;
    private readonly List<TelemetryPhase> _phases = [];

    private StepTelemetry(RunContext run) => (_run, _sampler) = (run, new TelemetrySampler(run.Meters.Readers, run.Time));

    /// <summary>The checks that energy is measured for.</summary>
    public static ImmutableArray<string> Checks { get; } = ["GRN-01", "GRN-02", "GRN-03", "GRN-04", "GRN-05"];

    public static StepTelemetry Start(RunContext run) => new(run);

    /// <summary>The check over whose load energy is counted: arrivals at the declared rate where there are any.</summary>
    /// <returns>Null where the run has no such load.</returns>
    public static string? LoadOf(RunContext run) => run.Plan.ModelKind == "tensor" ? Included(run, "PERF-05", true) : Included(run, "PERF-06", run.Plan.Declared.RequestRateMilli is not null) ?? Included(run, "PERF-05-TEXT", true);

    /// <summary>Leaves the server alone, its model loaded, for as long as the clauses ask; not at all where no energy is to be measured by this load.</summary>
    /// <param name="checks">That the step measures.</param>
    public async Task IdleAsync(IEnumerable<string> checks, CancellationToken cancellationToken)
    {
        if (!_run.Meters.HasMeter || LoadOf(_run) is not { } load || !checks.Contains(load) || Checks.Where(_run.Includes).ToArray() is not { Length: > 0 } asked)
            return;
        var length = TimeSpan.FromSeconds(asked.Max(id => _run.Clause(id).Limit("idle_min_seconds")));
        var from = _sampler.Now;
        while (length - TimeSpan.FromTicks((_sampler.Now - from) / 100) is { Ticks: > 0 } left) // a timer's clock is coarse: it may ring some milliseconds early
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), _run.Time, cancellationToken);
        _phases.Add(new(TelemetryPhase.Idle, from, _sampler.Now));
    }

    /// <summary>A load that is measured.</summary>
    /// <param name="started">Ticks of the runner's clock.</param>
    public void Loaded(long started, TimeSpan length) => _phases.Add(new(TelemetryPhase.Load, _sampler.At(started), _sampler.At(started) + (length.Ticks * 100)));

    /// <summary>Ends the reading and keeps it, bound to what the step measured.</summary>
    /// <param name="pick">Which of the loads that were noted is the one that energy is counted over.</param>
    /// <returns>What was measured, with one measurement for each energy check if this step's load is the one.</returns>
    public async Task<ImmutableArray<Measurement>> FinishAsync(string step, ImmutableArray<Measurement> measured, Index pick)
    {
        if (_run.Meters.HasMeter)
            await Task.Delay(MovesOn, _run.Time, CancellationToken.None);
        var readings = await _sampler.StopAsync();
        if (measured.IsEmpty || readings.IsEmpty)
            return measured;
        var load = LoadOf(_run) is { } check && measured.Any(measurement => measurement.Check == check) ? check : null;
        if (load is not null && _phases.Where(phase => phase.Name == TelemetryPhase.Load).ToArray() is { Length: > 0 } loads)
            _phases[_phases.IndexOf(loads[pick])] = loads[pick] with { Name = TelemetryPhase.LoadOf(load) };
        var bytes = TelemetryFile.Write(new()
        {
            Sources = [.. _run.Meters.Readers.Select(reader => reader.Source with { Planned = reader.Source.IsTool && _run.Plan.Devices is { Units: { IsEmpty: false } units } ? units : null })],
            Readings = readings,
            Phases = [.. _phases],
            IsAccelerated = _run.Inputs.Profile.Chip.Kind == "pci",
            IsClockSynchronised = ClockState.IsSynchronised(),
        });
        var path = $"telemetry/{step}.json";
        RunDirectory.WriteWhole(_run.Directory.InEvidence(path), bytes);
        var file = new TensorFile("telemetry", path, "UINT8", [bytes.Length]);
        return
        [
            measured[0] with { Tensors = [.. measured[0].Tensors, file] }, .. measured.Skip(1),
            .. load is null ? [] : Checks.Where(_run.Includes).Select(id => new Measurement
            {
                Check = id,
                Facts = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("load", load),
                Tensors = [file],
            }),
        ];
    }

    public ValueTask DisposeAsync() => _sampler.DisposeAsync();

    private static string? Included(RunContext run, string check, bool isWanted) => isWanted && run.Includes(check) ? check : null;
}
