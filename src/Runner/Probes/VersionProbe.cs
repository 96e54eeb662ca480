using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>Reads the versions of a stack where its facts say that they stand: a file or a command of the machine, and a pattern.</summary>
public static class VersionProbe
{
    /// <summary>A tool that only prints its version needs no longer, unless the driver hangs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>What a stack has versions of, in the order in which facts have them.</summary>
    public static ImmutableArray<string> Parts { get; } = ["driver", "toolkit", "firmware", "framework", "plugin", "runtime"];

    /// <summary>One reading of each part whose place on the machine is known: framework and plug-in are the image's, and read there (<see cref="ImageProbe"/>).</summary>
    public static async Task<ImmutableArray<VersionReading>> ReadAsync(ProfileFacts facts, HostMachine machine, CancellationToken cancellationToken)
    {
        var readings = ImmutableArray.CreateBuilder<VersionReading>();
        foreach (var part in Parts.Where(part => part is not ("framework" or "plugin")))
        {
            if (facts.Probe($"probe.{part}") is { } probe)
                readings.Add(await ReadAsync(part, probe, machine, cancellationToken));
        }

        return readings.ToImmutable();
    }

    private static async Task<VersionReading> ReadAsync(string part, FactValue.Probe probe, HostMachine machine, CancellationToken cancellationToken)
    {
        var place = probe.File ?? string.Join(' ', probe.Command);
        string text;
        if (probe.File is { } file)
        {
            if (machine.ReadAsked(file) is var reading && reading.Text is not { } content)
                return new(part, place, null, reading.Problem);
            text = content;
        }
        else
        {
            var output = await machine.RunAsync(probe.Command, Limit, cancellationToken);
            if (output.Failure is { } failure)
                return new(part, place, null, failure);
            text = output.Text;
        }

        return Match(part, place, probe.Pattern, text);
    }

    /// <summary>What a pattern finds in a text. Of the rest nothing is told: a file may be anybody's.</summary>
    internal static VersionReading Match(string part, string place, string pattern, string text)
    {
        var match = Regex.Match(text, pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        return match is { Success: true, Groups: [_, { Value: var found }, ..] } && StackProbe.IsPlain(found)
            ? new(part, place, found, null)
            : new(part, place, null, $"nothing in {place} fits {pattern} and could be a version; {text.Length} characters were read");
    }
}

/// <param name="Part">One of <see cref="VersionProbe.Parts"/>.</param>
/// <param name="Place">File or command that was read.</param>
/// <param name="Value">Null where nothing was read: nothing stands in for it.</param>
/// <param name="Problem">Why nothing was read; null where it was.</param>
public sealed record VersionReading(string Part, string Place, string? Value, string? Problem);
