using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Turns the facts of a chip into a start of a container. Flags that vendors' guides use are never applied.</summary>
/// <param name="exists">Whether a device node is there, for those that only some machines have.</param>
public sealed class LaunchPlanner(Profile profile, Func<string, bool> exists)
{
    private ProfileFacts Facts => profile.Facts;

    /// <summary>Whether there is anything to plan: a CPU needs no devices.</summary>
    public static bool IsNeeded(Profile profile) => profile.Chip.Kind != "cpu";

    /// <summary>The forms that the facts are enough for, the vendor's own first.</summary>
    public ImmutableArray<LaunchForm> Forms => [.. new[] { LaunchForm.Toolkit, LaunchForm.Cdi, LaunchForm.Plain }.Where(form => Missing(form) is null)];

    /// <returns>Null where <paramref name="problems"/> says what is not known.</returns>
    public LaunchPlan? TryPlan(LaunchForm form, ImmutableArray<int> indices, ICollection<Problem> problems)
    {
        if (indices.IsEmpty || indices.Distinct().Count() != indices.Length || indices.Any(index => index < 0))
            problems.Add(new(profile.File, 0, "chip.count", "expected one or more devices by their numbers, each once, such as 0,1"));
        else if (Missing(form) is { } key)
            problems.Add(new(Facts.All.GetValueOrDefault(key)?.File ?? profile.File, Facts.All.GetValueOrDefault(key)?.Line ?? 0, $"facts.{key}", $"is unknown, so that nothing can be planned in the form {form.ToString().ToLowerInvariant()}; forms that are known: {(Forms.IsEmpty ? "none" : string.Join(", ", Forms.Select(known => known.ToString().ToLowerInvariant())))}"));
        else
            return Plan(form, indices);
        return null;
    }

    private LaunchPlan Plan(LaunchForm form, ImmutableArray<int> indices)
    {
        var isPlain = form == LaunchForm.Plain;
        return new(form, indices)
        {
            Devices = isPlain ? Nodes(indices) : [],
            Mounts = isPlain ? [.. Facts.Texts("launch.mounts").Select(Mounted)] : [],
            Environment = Variables(form, indices),
            Runtime = form == LaunchForm.Toolkit ? Facts.Runtime : null,
            CdiDevices = form == LaunchForm.Cdi ? [.. indices.Select(index => $"{Facts.Text("launch.cdi")}={Text(index)}")] : [],
            Groups = isPlain ? Facts.Texts("launch.groups") : [],
            ShmBytes = Facts.Text("launch.shm") is { } size ? LaunchLimits.TryBytes(size) ?? throw Unchecked("launch.shm", size) : 0,
            Ulimits = Limits(),
        };
    }

    /// <summary>The fact that a form cannot do without; null if all are there.</summary>
    private string? Missing(LaunchForm form) => form switch
    {
        LaunchForm.Toolkit => Facts.Runtime is null ? "launch.runtime" : Facts.Texts("visible.host").IsEmpty ? "visible.host" : null,
        LaunchForm.Cdi => Facts.Text("launch.cdi") is null ? "launch.cdi" : null,
        _ => Facts.Texts("devices.each").IsEmpty && Facts.Texts("devices.shared").IsEmpty ? "devices.each" : null,
    };

    private ImmutableArray<string> Nodes(ImmutableArray<int> indices) =>
    [
        .. Facts.Texts("devices.each").SelectMany(node => new NodePattern(node).Of(indices)),
        .. Facts.Texts("devices.shared"),
        .. Facts.Texts("devices.optional").SelectMany(node => new NodePattern(node).Of(indices)).Where(exists),
    ];

    private ImmutableSortedDictionary<string, string> Variables(LaunchForm form, ImmutableArray<int> indices)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var setting in Facts.Texts("launch.environment"))
            all[setting[..setting.IndexOf('=', StringComparison.Ordinal)]] = setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];
        if (form == LaunchForm.Toolkit)
        {
            foreach (var name in Facts.Texts("visible.host"))
                all[name] = string.Join(',', indices.Select(Text));
        }

        // inside, devices may be counted anew; where nobody says how, the variable is left alone and all that is there is seen
        var inside = Facts.Text("visible.alignment") switch
        {
            "renumber" => Enumerable.Range(0, indices.Length),
            "same" => indices,
            _ => [],
        };
        foreach (var name in Facts.Texts("visible.container"))
        {
            if (inside.Any())
                all[name] = string.Join(',', inside.Select(Text));
        }

        return all.ToImmutable();
    }

    private ImmutableSortedDictionary<string, long> Limits() => Facts.Texts("launch.ulimits").Select(limit => LaunchLimits.TryLimit(limit) ?? throw Unchecked("launch.ulimits", limit))
        .ToImmutableSortedDictionary(limit => limit.Name, limit => limit.Most, StringComparer.Ordinal);

    private static InvalidOperationException Unchecked(string key, string value) => new($"{key} `{value}` was not checked when the profile was read");

    private static Mount Mounted(string mount) => mount.Split(':', 2) is [var host, var inside] ? new(host, inside, ReadOnly: true) : new(mount, mount, ReadOnly: true);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
