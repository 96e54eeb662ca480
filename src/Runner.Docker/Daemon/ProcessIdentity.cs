using System.Globalization;
using System.Runtime.InteropServices;

namespace Adaptation.Runner.Docker;

/// <summary>A process by its id and start time: an id alone comes round again.</summary>
/// <param name="Started">Clock ticks since boot, proc(5) field 22.</param>
internal sealed partial record ProcessIdentity(int Id, long Started)
{
    public const int Terminate = 15;
    public const int Kill = 9;

    /// <summary>True until it has ended; a zombie that nobody has reaped yet has ended.</summary>
    public bool IsAlive => Find(Id) == this;

    /// <returns>Null where no process has that id, or only a zombie.</returns>
    public static ProcessIdentity? Find(int id)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : new ProcessIdentity(id, long.Parse(fields[19], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Finds the process that a pid file names, if its command line holds all the words; else the file is stale.</summary>
    public static ProcessIdentity? FromPidFile(string path, params ReadOnlySpan<string> words)
    {
        try
        {
            if (!int.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || Find(id) is not { } process)
                return null;
            var command = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/cmdline")).Split('\0');
            foreach (var word in words)
            {
                if (!command.Contains(word))
                    return null;
            }

            return process;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Signal(int signal)
    {
        if (IsAlive)
            _ = SendSignal(Id, signal);
    }

    /// <summary>Waits until it has ended.</summary>
    public async Task EndAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        while (IsAlive)
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
