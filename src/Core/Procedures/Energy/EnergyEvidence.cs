using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Energy in the steady window of a load, from the raw readings beside it (GRN-01 to GRN-05).</summary>
/// <remarks>
/// The measurement names the load by the fact <c>load</c>, a check of the same run, whose own measurement says when what was answered; the tensor
/// <c>telemetry</c> is the log that was kept meanwhile (<see cref="TelemetryFile"/>), in which the phase <c>load.CHECK</c> is that load. Where nothing could
/// be read the fact <c>unmeasured</c> says why. Nothing is bridged that is longer than <c>gap_max_millis</c>, and one such gap voids the figure.
/// </remarks>
/// <param name="LoadFrom">When the load began, on the log's clock.</param>
/// <param name="From">Of the window, on the same clock; the load's ramp and drain lie outside.</param>
/// <param name="Answered">Tokens or samples in the window, counted by the runner.</param>
/// <param name="Unit"><c>token</c> or <c>sample</c>.</param>
/// <param name="Parts">Those that make up the whole: the machine's own meter alone where there is one.</param>
/// <param name="Deviation">Share by which the window differs from the whole load.</param>
internal sealed record EnergyEvidence(
    TelemetryLog Log, long LoadFrom, long From, long To, long Answered, string Unit, ImmutableArray<(long At, long Count)> Arrivals, ImmutableArray<PowerChannel> Parts, ImmutableArray<string> Missing, double Deviation)
{
    public static ImmutableArray<string> Limits { get; } = ["gap_max_millis", "cap_factor", "idle_min_seconds", "window_max_ppm"];

    public double Seconds => (To - From) / 1e9;

    /// <summary>All parts together.</summary>
    public double Joules => Of(Parts, From, To);

    /// <summary>Energy of a part in the window; there is one of each, or the evidence would not have been read.</summary>
    public static double Of(IEnumerable<PowerChannel> parts, long from, long to) => parts.Sum(part => part.TryEnergy(from, to, out _) ?? 0);

    /// <summary>Where it was counted, for people.</summary>
    public LocalText Point => Parts[0].Point == MeterPoint.Machine
        ? new("a meter of the whole machine that its firmware shows", "固件所示的整机功率计")
        : new(string.Join(" and ", Points().Select(point => point.En)) + "; not at the wall", string.Join("与", Points().Select(point => point.Zh)) + "；不是墙上（交流侧）功率");

    /// <param name="reason">Why there is no energy: what an inconclusive verdict says.</param>
    public static EnergyEvidence? TryRead(Clause clause, Evidence evidence, Measurement m, out string reason)
    {
        reason = "";
        if (m.Facts.TryGetValue("unmeasured", out var why))
            reason = $"not measured: {why}";
        else if (TryReadLog(evidence, m, out reason) is { } log && EnergyLoad.TryRead(evidence, m, out reason) is { } load)
        {
            if (Unbound(log, evidence.Plan.Devices) is not { } unbound)
                return TryRead(clause, log, load, out reason);
            reason = unbound;
        }

        return null;
    }

    /// <summary>Power before the load, model loaded.</summary>
    /// <param name="reason">Why there is none.</param>
    public double? TryIdleWatts(Clause clause, out string reason)
    {
        reason = "";
        if (Log.Phase(TelemetryPhase.Idle) is not { } idle)
            reason = "the log has no idle window";
        else if (idle.To > From)
            reason = "invalid evidence: the idle window does not end before the load";
        else if (idle.To - idle.From < clause.Limit("idle_min_seconds") * 1_000_000_000)
            reason = string.Create(CultureInfo.InvariantCulture, $"the idle window lasted {(idle.To - idle.From) / 1e9:0.#} s; {clause.Limit("idle_min_seconds")} s are asked for");
        else if (Gap(Log, Parts, idle.From, idle.To) is { } gap)
            reason = gap;
        else
            return Of(Parts, idle.From, idle.To) * 1e9 / (idle.To - idle.From);
        return null;
    }

    private static TelemetryLog? TryReadLog(Evidence evidence, Measurement m, out string reason)
    {
        reason = "";
        if (m.Tensors.FirstOrDefault(file => file.Name == "telemetry") is not { } named || evidence.Files.TryRead(named.Path) is not { } bytes)
            reason = "invalid evidence: there is no telemetry";
        else if (TelemetryFile.TryRead(bytes, out var problem) is { } log)
            return log;
        else
            reason = $"invalid evidence: {problem}";
        return null;
    }

    private static EnergyEvidence? TryRead(Clause clause, TelemetryLog log, EnergyLoad load, out string reason)
    {
        reason = "";
        var gap = clause.Limit("gap_max_millis") * 1_000_000;
        var parts = PowerMeters.Whole(PowerMeters.Read(log, gap, clause.Limit("cap_factor")));
        if (log.Phase(TelemetryPhase.LoadOf(load.Check)) is not { } phase)
            reason = $"invalid evidence: the log does not say when {load.Check} was loaded";
        else if (Math.Abs(phase.To - phase.From - (double)load.DurationNanos) > load.DurationNanos * clause.Share("window_max_ppm"))
            reason = $"invalid evidence: the log has {Reading.Duration(phase.To - phase.From)} of {load.Check}, which lasted {Reading.Duration(load.DurationNanos)}";
        else if (parts.All(part => part.Point != MeterPoint.Machine) && Unprinted(log, phase) is { } unprinted)
            reason = unprinted;
        else if (parts.IsEmpty)
            reason = $"not measured: nothing that was read shows a power{Failures(log)}";
        else if (parts.FirstOrDefault(part => part.Problem is not null) is { Problem: { } problem })
            reason = $"not believed: {problem}";
        else if (Gap(log, parts, phase.From + load.From, phase.From + load.To) is { } hole)
            reason = hole;
        else if (Stuck(log, parts, phase.From + load.From, phase.From + load.To) is { } stuck)
            reason = $"not believed: {stuck}";
        else
            return new(
                log, phase.From, phase.From + load.From, phase.From + load.To, load.Answered, load.Unit, load.Arrivals, parts, Lacking(log, parts),
                Math.Abs(load.To - load.From - (double)load.DurationNanos) / load.DurationNanos);
        return null;
    }

    /// <summary>The log must count the devices that the plan has, and no others.</summary>
    private static string? Unbound(TelemetryLog log, DevicePlan? plan)
    {
        var units = plan is { Units: { IsEmpty: false } planned } ? planned : null;
        return log.Sources.FirstOrDefault(source => source.IsTool && Words(source.Planned) != Words(units)) is not { } other ? null
            : $"invalid evidence: the telemetry of {other.Name} is bound to the devices {Words(other.Planned)}, and the plan has {Words(units)}";

        static string Words(ImmutableSortedDictionary<string, string>? units) => units is null ? "of no plan" : DevicePlan.Text(units);
    }

    /// <summary>A tool that prints rows, and none of a device that the run used, shows the power of others.</summary>
    private static string? Unprinted(TelemetryLog log, TelemetryPhase load)
    {
        foreach (var (source, at) in log.Sources.Select((source, at) => (source, at)))
        {
            if (source.Planned is not { } planned)
                continue;
            ImmutableArray<DeviceSample> rows = [.. log.Readings.Where(reading => reading.Source == at && reading.To >= load.From && reading.From <= load.To)
                .Select(reading => PowerMeters.Rows(log, reading)).Where(rows => !rows.IsEmpty).SelectMany(rows => rows).DistinctBy(row => (row.Id, row.Bus))];
            if (!rows.IsEmpty && PlannedRows.Without(rows, planned).ToArray() is { Length: > 0 } without)
                return $"not measured: {source.Name} printed no row of {string.Join(", ", without)}, which the run used; it printed {string.Join(", ", rows.Select(row => row.Bus is { } bus ? $"{row.Id} ({bus})" : row.Id))}";
        }

        return null;
    }

    /// <summary>What is known to be left out, so that a figure is no claim of the whole.</summary>
    private static ImmutableArray<string> Lacking(TelemetryLog log, ImmutableArray<PowerChannel> parts)
    {
        if (parts.Any(part => part.Point == MeterPoint.Machine))
            return [];
        var lacking = PowerMeters.Powerless(log).Select(device => $"{device} prints no power").ToList();
        foreach (var source in log.Sources.Where(source => source is { IsTool: true, DevicesPerBoard: > 1 }))
            lacking.Add($"a board has {source.DevicesPerBoard} devices, and {source.Name} prints power per device or per board, nobody says which");
        if (log.IsAccelerated && parts.All(part => part.Point != MeterPoint.Devices))
            lacking.Add("nothing shows the power of the accelerators");
        return [.. lacking];
    }

    private static string? Gap(TelemetryLog log, ImmutableArray<PowerChannel> parts, long from, long to)
    {
        foreach (var part in parts)
        {
            if (part.TryEnergy(from, to, out var gap) is null)
            {
                var failure = log.Readings.FirstOrDefault(reading => reading.Source == part.Source && reading.Failure is not null && reading.To > gap.From && reading.From < gap.To)?.Failure;
                return string.Create(CultureInfo.InvariantCulture,
                    $"the readings of {part.Name} have a gap from {gap.From / 1e9:0.#} s to {gap.To / 1e9:0.#} s of the log, in the window of {from / 1e9:0.#} s to {to / 1e9:0.#} s: {failure ?? "it was not read, or did not move on"}");
            }
        }

        return null;
    }

    /// <summary>A tool that prints the same whether the machine works or not shows something else than power.</summary>
    private static string? Stuck(TelemetryLog log, ImmutableArray<PowerChannel> parts, long from, long to)
    {
        var first = log.Phase(TelemetryPhase.Idle)?.From ?? from;
        foreach (var source in parts.Where(part => part.Point != MeterPoint.Processors).GroupBy(part => part.Source))
        {
            if (log.Phase(TelemetryPhase.Idle) is not null && source.All(part => part.IsConstant(first, to)))
                return $"{log.Sources[source.Key].Name} showed one and the same power idle and under load";
        }

        return null;
    }

    private static string Failures(TelemetryLog log) => log.Readings.Select(reading => reading.Failure).FirstOrDefault(failure => failure is not null) is { } failure ? $" ({failure})" : "";

    private IEnumerable<LocalText> Points()
    {
        if (Parts.Any(part => part.Point == MeterPoint.Processors))
            yield return new("processor packages and memory (RAPL)", "处理器封装与内存（RAPL）");
        if (Parts.Any(part => part.Point == MeterPoint.Devices) && Log.Sources.First(source => source.IsTool) is { } tool)
            yield return tool.Planned is null ? new($"devices ({tool.Name}, all that it prints)", $"加速卡（{tool.Name}，其打印的全部设备）")
                : new($"devices ({tool.Name}, those that the run used)", $"加速卡（{tool.Name}，仅本次运行所用设备）");
    }
}
