using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>Judges the running container against the restricted profile, rule by rule (SEC-01).</summary>
/// <remarks>
/// Reads one fact per rule; see <see cref="Rules"/> for the safe values. A rule whose fact is absent is a violation that no
/// exception excuses: an exception excuses what was seen. Source: Kubernetes Pod Security Standards, restricted.
/// </remarks>
internal static class Hardening
{
    private const string Effective = "capabilities.effective";
    private const string Dropped = "capabilities.dropped";
    private const string GivenDevices = "devices";
    private const string WritableMounts = "writable_mounts";

    public static ImmutableArray<string> Limits { get; } = ["violations_max"];

    private static readonly ImmutableArray<(string Key, Func<string, bool> IsSafe)> Rules =
    [
        ("privileged", value => value == "false"),
        ("host_network", value => value == "false"),
        ("host_pid", value => value == "false"),
        ("host_ipc", value => value == "false"),
        ("capabilities.added", value => value.Length == 0),
        (Effective, value => value.Length > 0 && value.All(digit => digit == '0')),
        ("no_new_privileges", value => value == "true"),
        ("read_only_root", value => value == "true"),
        ("uid", value => uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var uid) && uid > 0),
        ("seccomp", value => value is "2" or "unreadable"), // 2: SECCOMP_MODE_FILTER; a remote container does not show it
        (GivenDevices, value => value.Length == 0),
        (WritableMounts, value => value.Split(',').All(path => path is "" or "/run/adaptation")),
        ("memory_limited", value => value == "true"),
        ("cpu_limited", value => value == "true"),
        ("pids_limited", value => value == "true"),
    ];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        var (all, cache) = WithoutCache(m, plan.Cache);
        var (seen, planned) = WithoutPlanned(all, plan.Devices);
        var violations = Rules.Select(rule => Violation(seen, rule.Key, rule.IsSafe)).OfType<Departure>().ToImmutableArray();
        var excused = violations.Where(violation => violation.Read && HasReason(plan, violation.Rule)).ToImmutableArray();
        var counted = violations.RemoveRange(excused);
        var limit = clause.Limit("violations_max");
        ImmutableArray<Figure> figures =
        [
            Reading.Counted("violations", counted.Length, limit),
            Reading.Counted("exceptions", excused.Length),
            .. cache is null ? [] : new[] { Reading.Counted($"writable folder that the profile declares: {cache}", 1) },
            .. planned.Select(device => Reading.Counted($"device of the chip: {device}", 1)),
            .. counted.Select(violation => Reading.Counted($"violation: {violation.Rule}", 1)),
            .. excused.Select(violation => Reading.Counted($"exception: {violation.Rule}", 1)),
        ];
        return counted.Length > limit
            ? clause.Fails(
                $"{counted.Length} violations: {string.Join("; ", counted.Select(violation => violation.Words))}", $"{limit} violations", figures)
            : clause.Found(new Verdict.Pass(), figures);
    }

    /// <summary>The cache that the profile declares is mounted by the runner, writable and empty; no other folder beside it becomes good by that.</summary>
    /// <returns>The facts without it, and its path if it was there.</returns>
    private static (Measurement Seen, string? Cache) WithoutCache(Measurement m, string? declared)
    {
        if (declared is null || !m.Facts.TryGetValue(WritableMounts, out var mounts) || mounts.Split(',') is not { } paths || !paths.Contains(declared))
            return (m, null);
        return (m with { Facts = m.Facts.SetItem(WritableMounts, string.Join(',', paths.Where(path => path != declared))) }, declared);
    }

    /// <summary>An accelerator cannot be had without its devices: those that the plan gives are no departure, any other is.</summary>
    private static (Measurement Seen, ImmutableArray<string> Planned) WithoutPlanned(Measurement m, DevicePlan? plan)
    {
        if (plan is null || !m.Facts.TryGetValue(GivenDevices, out var devices))
            return (m, []);
        var names = devices.Split(',');
        return (m with { Facts = m.Facts.SetItem(GivenDevices, string.Join(',', names.Except(plan.Given, StringComparer.Ordinal))) }, [.. names.Intersect(plan.Given, StringComparer.Ordinal)]);
    }

    private static bool HasReason(Plan plan, string rule) => !string.IsNullOrWhiteSpace(plan.HardeningExceptions.GetValueOrDefault(rule));

    private static Departure? Violation(Measurement m, string key, Func<string, bool> isSafe)
    {
        if (m.Facts.TryGetValue(key, out var value))
            return isSafe(value) ? null : new(key, $"{key} is {value}", Read: true);
        if (key != Effective)
            return new(key, $"{key} was not read", Read: false);

        // The kernel's set of a remote container cannot be read; what the container engine was told to drop stands in for it.
        return !m.Facts.TryGetValue(Dropped, out var dropped) ? new(Effective, $"neither {Effective} nor {Dropped} was read", Read: false)
            : dropped == "ALL" ? null
            : new(Dropped, $"{Dropped} is {dropped}", Read: true);
    }

    private sealed record Departure(string Rule, string Words, bool Read);
}
