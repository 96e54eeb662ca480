using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What of a machine shows a power, found out before a run: it follows from the machine and the profile, and from nothing that a backend answers.</summary>
/// <param name="Readers">All that is read while steps go on, meters or not.</param>
/// <param name="Meters">Those that showed a power.</param>
/// <param name="Problems">What is there to show one and did not.</param>
/// <param name="Absent">What is not there.</param>
internal sealed record MeterSurvey(ImmutableArray<TelemetryReader> Readers, ImmutableArray<string> Meters, ImmutableArray<string> Problems, ImmutableArray<string> Absent)
{
    /// <summary>Of nothing at all.</summary>
    public static MeterSurvey None { get; } = new([], [], [], []);

    public bool HasMeter => !Meters.IsEmpty;

    /// <summary>Why energy cannot be asked of this machine; null where there is a meter, or one that would not speak: that is inconclusive.</summary>
    public string? WhyNotApplicable => HasMeter || !Problems.IsEmpty ? null
        : $"not measured: this machine has no power meter that is read here ({string.Join("; ", Absent)})";

    public static async Task<MeterSurvey> TakeAsync(HostMachine machine, ProfileFacts facts, CancellationToken cancellationToken)
    {
        var (meters, problems, absent) = (ImmutableArray.CreateBuilder<string>(), ImmutableArray.CreateBuilder<string>(), ImmutableArray.CreateBuilder<string>());
        var readers = TelemetryReader.Of(machine, facts);
        foreach (var reader in readers)
        {
            var (name, output) = (reader.Source.Name, await reader.ReadAsync(cancellationToken));
            var log = new TelemetryLog { Sources = [reader.Source], Readings = [new(0, 0, 0, output.Failure is null ? output.Text : null, output.Failure)] };
            var isMeter = reader.Source.IsTool ? PowerOf(log) : name == TelemetrySource.Rapl ? output.Failure is null : HasPowerMeter(log);
            if (isMeter)
                meters.Add(name);
            else if (output.Failure is { } failure && !(reader.Source.IsTool && machine.Find(reader.Source.Command[0]) is null))
                problems.Add(failure);
            else if (reader.Source.IsTool && output.Failure is null && ToolFormats.Find(name)!.Read(output.Text) is { Devices.IsEmpty: true, Versions.Count: 0 })
                problems.Add($"nothing of what {string.Join(' ', reader.Source.Command)} prints is understood: {SafeTools.Seen(reader.Source.Command, output.Text)}");
            else
                absent.Add(reader.Source.IsTool ? output.Failure ?? $"{string.Join(' ', reader.Source.Command)} prints no power" : "no ACPI power_meter below /sys/class/hwmon");
        }

        if (readers.All(reader => reader.Source.Name != TelemetrySource.Rapl))
            absent.Insert(0, "no /sys/class/powercap/intel-rapl:*");
        if (readers.All(reader => !reader.Source.IsTool))
            absent.Add("the profile's facts name no management tool that is read");
        return new(readers, meters.ToImmutable(), problems.ToImmutable(), absent.ToImmutable());

        static bool PowerOf(TelemetryLog log) => log.Readings[0].Text is { } text && ToolFormats.Find(log.Sources[0].Name)!.Read(text).Devices.Any(device => device.Power is not null);

        static bool HasPowerMeter(TelemetryLog log) => log.Readings[0].Text is { } text && FileLines.Read(log.Sources[0].About)
            .Any(file => file.Value == "power_meter" && FileLines.Read(text).ContainsKey($"{file.Key[..^"/name".Length]}/power1_average"));
    }
}
