using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Names a process so that it can be told later whether it still lives: boot id, process id and start time.</summary>
/// <remarks>A process id alone comes round again; with the start time in clock ticks (proc(5), field 22) and the boot id it does not.</remarks>
public static class RunOwner
{
    /// <summary>Of this very process.</summary>
    public static string Current { get; } = Of(Environment.ProcessId) ?? throw new InvalidOperationException("this process is not in /proc");

    /// <summary>True while the process that <paramref name="owner"/> names is alive on this machine.</summary>
    public static bool IsAlive(string owner) =>
        owner.Split(':') is [_, var pid, _]
        && int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var processId)
        && Of(processId) == owner;

    /// <summary>Whether <paramref name="owner"/> names a process, alive or not, of this machine since it was last started.</summary>
    public static bool IsOfThisBoot(string owner) => owner.Split(':')[0] == Current.Split(':')[0];

    /// <returns>Null where no process has that id, or it has ended and only waits for its parent.</returns>
    internal static string? Of(int processId)
    {
        try
        {
            // the command name may hold spaces and brackets: fields are counted behind the last ')'
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (fields[0] is "Z" or "X")
                return null;
            var started = fields[19];
            var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
            return $"{boot}:{processId}:{started}";
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
