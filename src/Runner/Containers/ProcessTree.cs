using System.Globalization;
using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>Ends a process and all that it started.</summary>
internal static partial class ProcessTree
{
    private const int Kill = 9;

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);

    /// <summary>Kills its session and its descendants, until none is left.</summary>
    /// <param name="leader">Of its own session, as <see cref="RunOwner"/> names a process; one that is gone is no error, its session is ended all the same.</param>
    /// <remarks>A process that made a session of its own and whose parent has ended escapes: to hold such a one takes a container.</remarks>
    public static async Task EndAsync(string leader, TimeProvider time, CancellationToken cancellationToken)
    {
        var id = int.Parse(leader.Split(':')[1], NumberStyles.None, CultureInfo.InvariantCulture);
        while (true)
        {
            // while a member of the session lives its id is not given to a new process: a leader that is alive and another one is foreign
            var stats = Stats();
            if (stats.Any(stat => stat.Id == id) && !RunOwner.IsAlive(leader))
                return;
            var doomed = Members(stats, id);
            if (doomed.Count == 0)
                return;
            foreach (var member in doomed)
                _ = SendSignal(member, Kill);
            await Task.Delay(Between, time, cancellationToken);
        }
    }

    private static HashSet<int> Members(List<(int Id, int Parent, int Session)> stats, int leader)
    {
        var members = stats.Where(stat => stat.Session == leader).Select(stat => stat.Id).ToHashSet();
        while (stats.Any(stat => members.Contains(stat.Parent) && members.Add(stat.Id)))
        {
            // each round adds the children of what is in already
        }

        return members;
    }

    /// <summary>All processes that have not ended; zombies have.</summary>
    /// <remarks>Source: proc(5), stat: fields 3 state, 4 parent, 6 session, counted behind the name, which may hold anything.</remarks>
    private static List<(int Id, int Parent, int Session)> Stats()
    {
        var stats = new List<(int, int, int)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                continue;
            try
            {
                var stat = File.ReadAllText($"{folder}/stat");
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (fields[0] is not ("Z" or "X"))
                    stats.Add((id, int.Parse(fields[1], CultureInfo.InvariantCulture), int.Parse(fields[3], CultureInfo.InvariantCulture)));
            }
            catch (IOException)
            {
                // ended between the listing and the reading
            }
        }

        return stats;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
