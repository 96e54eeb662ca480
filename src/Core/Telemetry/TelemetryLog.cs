using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>What was read of the machine while a step of a run went on: texts as they were printed, never a value taken out of them.</summary>
/// <remarks>Times are nanoseconds since the log began, on the runner's monotonic clock.</remarks>
public sealed record TelemetryLog
{
    public required ImmutableArray<TelemetrySource> Sources { get; init; }

    /// <summary>In the order in which they ended; of one source, never two at once.</summary>
    public required ImmutableArray<TelemetryReading> Readings { get; init; }

    /// <summary>What the run did meanwhile.</summary>
    public ImmutableArray<TelemetryPhase> Phases { get; init; } = [];

    /// <summary>Whether the profile is of an accelerator, whose own power a processor's counters leave out.</summary>
    public bool IsAccelerated { get; init; }

    /// <summary>Whether the kernel says that its clock is disciplined (NTP, PTP); null where it did not say.</summary>
    public bool? IsClockSynchronised { get; init; }

    /// <summary>What the readings' texts say.</summary>
    internal TelemetryTexts Texts { get; } = new();

    /// <summary>The only phase of that name, or null.</summary>
    public TelemetryPhase? Phase(string name) => Phases.Where(phase => phase.Name == name).Take(2).ToArray() is [var only] ? only : null;
}

/// <summary>Something that is read again and again.</summary>
/// <param name="Name">Of a tool, as <see cref="ToolFormats"/> spells it; of files, <see cref="Rapl"/> or <see cref="Kernel"/>.</param>
/// <param name="About">What does not change while it is read, as lines of files; empty for a tool.</param>
public sealed record TelemetrySource(string Name, bool IsTool, string About)
{
    public const string Rapl = "rapl", Kernel = "kernel";

    /// <summary>Of a tool.</summary>
    public ImmutableArray<string> Command { get; init; } = [];

    /// <summary>Devices that one board shows, where the profile's facts say: some of them print their board's power, others none.</summary>
    public long? DevicesPerBoard { get; init; }

    /// <summary>Power limit of one device in thousandths of a watt, where the profile's facts say.</summary>
    public long? CapMilliwatts { get; init; }

    /// <summary>Of a tool: the devices that the run uses, number to address on the bus (<see cref="DevicePlan.Units"/>), whose rows alone count; null where none were chosen.</summary>
    public ImmutableSortedDictionary<string, string>? Planned { get; init; }

    /// <summary>Of the meter, in parts per million of the value; null where nobody states it, as of every counter on a chip that is known here.</summary>
    public long? UncertaintyPpm { get; init; }
}

/// <summary>One reading: a text, or why there is none.</summary>
/// <param name="Source">Its place in <see cref="TelemetryLog.Sources"/>.</param>
/// <param name="From">Before the tool was started, or the first file opened.</param>
/// <param name="To">After its end.</param>
public sealed record TelemetryReading(int Source, long From, long To, string? Text, string? Failure)
{
    /// <summary>The time that its values are taken to be of.</summary>
    public long At => From + ((To - From) / 2);
}

/// <param name="Name"><see cref="Idle"/>, or <see cref="Load"/>, for the load that a check is measured by followed by its id: <c>load.PERF-05</c>.</param>
public sealed record TelemetryPhase(string Name, long From, long To)
{
    public const string Idle = "idle", Load = "load";

    public static string LoadOf(string check) => $"{Load}.{check}";
}
