using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>The programs that probes and telemetry of a profile may start on a machine, and with which arguments: those that only show. The runner is root, and a profile comes from anybody.</summary>
/// <remarks>The one list. A vendor whose tool, or whose way of asking it, is missing adds a line here, with a source in its profile that shows the command.</remarks>
internal static class SafeTools
{
    private const string Name = "[A-Za-z0-9][A-Za-z0-9+_-]*";

    /// <summary>The query of tools that ask as nvidia-smi does; never -f, which writes a file, and nothing that sets or resets.</summary>
    private const string Query = @"(-q( --json)?|-L|(--id=[0-9,]+ )?--query-gpu=[a-z0-9._,]+ --format=csv(,(noheader|nounits)){0,2})?";

    /// <summary>Management tools of vendors.</summary>
    private static readonly ImmutableSortedDictionary<string, string> Management = Sorted(
        ("bm-smi", ""), ("bm_version", ""), ("brsmi", "(--version)?"), ("cnmon", "(info( -[a-z]+( [0-9]+)?)*)?"), ("efsmi", "(-q( -d [A-Z,]+)?)?"),
        ("hrut_somstatus", ""), ("hy-smi", "(--show[a-z]+|--json|--csv|--version)( (--show[a-z]+|--json|--csv))*|"), ("ixsmi", Query), ("mthreads-gmi", Query),
        ("mx-smi", "(--version|-L|--show-[a-z-]+( --show-[a-z-]+)*)?"), ("npu-smi", "(info( -[a-z]+( ([a-z][a-z-]*|[0-9]+))?)*|-v)?"), ("ppu-smi", Query), ("pt_smi", ""),
        ("rocm-smi", "(--show[a-z]+|--json|--csv|--version)( (--show[a-z]+|--json|--csv))*|"), ("tsm_smi", ""), ("vasmi", "(show( --display-format=json)?)?"), ("xpu-smi", "(-[qmL])?"));

    /// <summary>Programs of the system; a FILE is one that a probe may read (<see cref="SafePaths.OfFile"/>).</summary>
    private static readonly ImmutableSortedDictionary<string, string> System = Sorted(
        ("cat", "FILE"), ("dpkg-query", $@"-W (-f=\$\{{Version\}}(\\n)? )?{Name}"), ("lscpu", ""), ("modinfo", $"(-F (version|srcversion|firmware|vermagic) )?[A-Za-z0-9][A-Za-z0-9_-]*"),
        ("rpm", $@"-q( --qf %\{{VERSION\}})? {Name}"), ("strings", "FILE"));

    private static readonly ImmutableArray<string> Folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    public static bool IsManagement(string program) => Management.ContainsKey(program);

    /// <summary>A command of a probe, or the one that asks the management tool while a run goes on.</summary>
    /// <returns>Why it is not started, and what is allowed; null if it may be.</returns>
    public static string? Of(ImmutableArray<string> command)
    {
        if (command.FirstOrDefault("") is not { Length: > 0 } program)
            return "names no program; give the command that the driver's tool answers, such as `npu-smi info`, each word by itself";
        var name = program[(program.LastIndexOf('/') + 1)..];
        if ((Management.GetValueOrDefault(name) ?? System.GetValueOrDefault(name)) is not { } form || !IsPlace(program, name))
            return $"`{program}` is none of the programs that a profile may start: it would run as root. Allowed are {string.Join(", ", Management.Keys)}, and {string.Join(", ", System.Keys)}, by name or by a path below /usr, /opt, /bin or /sbin. Leave it out, or read a file";
        if (command.Any(word => word.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter))))
            return $"`{string.Join(' ', command)}` has words with blanks in them; allowed is {name}{Shown(form)}, each word by itself";
        return form == "FILE" ? command is [_, var file] ? SafePaths.OfFile(file) is { } why ? $"{why}; allowed is `{name} FILE` with such a file" : null : $"`{string.Join(' ', command)}`: allowed is `{name} FILE`, one file and no options"
            : Regex.IsMatch(string.Join(' ', command.Skip(1)), $@"\A({form})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant) ? null
            : $"`{string.Join(' ', command)}` may do more than show something; allowed is {name}{Shown(form)} (a regular expression)";
    }

    /// <summary>What is read again and again while a run goes on, and kept as it is printed: of files only the kernel's.</summary>
    /// <inheritdoc cref="Of"/>
    public static string? OfTelemetry(ImmutableArray<string> command) => Of(command) ?? (command switch
    {
        ["cat", var file] when SafePaths.IsOfKernel(SafePaths.Plain(file)) => null,
        ["cat" or "strings", var file] => $"`{file}` would be kept whole as evidence; allowed are files of /sys, /proc/cpuinfo and a driver's folder in /proc, read by `cat FILE`",
        _ => null,
    });

    /// <summary>What a command printed, for a message: of a file nothing, for it may be anybody's.</summary>
    public static string Seen(ImmutableArray<string> command, string text) => command.FirstOrDefault("").Split('/')[^1] is "cat" or "strings" || text.Trim() is not { Length: > 0 } seen ? $"{text.Length} characters" : $"`{Clip.Text(seen.Split('\n')[0], 120)}`";

    /// <summary>Where a program lies that a name led to.</summary>
    public static string? OfPlace(string program) => Folders.Contains(program[..program.LastIndexOf('/')]) || SafePaths.IsInstalled(program) ? null
        : "no program is started from there: install it below /usr or /opt";

    /// <summary>By its bare name, or where systems and drivers install programs.</summary>
    private static bool IsPlace(string program, string name) => program == name || (program.StartsWith('/') && SafePaths.Plain(program) == program
        && (Folders.Contains(program[..^(name.Length + 1)]) || (SafePaths.IsInstalled(program) && !program.Split('/').Contains("..") && !program.Any(char.IsControl))));

    private static string Shown(string form) => form.Length == 0 ? " without arguments" : $" {form}";

    private static ImmutableSortedDictionary<string, string> Sorted(params ReadOnlySpan<(string Program, string Form)> all)
    {
        var sorted = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (program, form) in all)
            sorted.Add(program, form);
        return sorted.ToImmutable();
    }
}
