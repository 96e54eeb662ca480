namespace Adaptation.Certificates.Tests;

/// <summary>A log in a folder of a test's own, with a key of its own.</summary>
internal sealed class DiskLog : IDisposable
{
    private readonly TempFolder _folder = new();

    public DiskLog()
    {
        LogKey.Create(this["log1.pem"], LogGiven.Origin);
        using var key = LogKey.Open(this["log1.pem"]);
        LogWriter.Open(this["log"], key).Dispose();
    }

    public LogPolicy Policy => LogPolicy.Read(File.ReadAllBytes(this["log1.policy"]));

    public string this[string name] => _folder[name];

    public ulong Append(int from, int count, string folder = "log") => Append(LogGiven.Entries(from, count), folder);

    public ulong Append(IEnumerable<byte[]> entries) => Append([.. entries.Select(entry => (ReadOnlyMemory<byte>)entry)], "log");

    public LogReader Read(string folder = "log") => LogReader.Open(new LogFolder(this[folder]), Policy, Given.Now);

    public void Copy(string folder, string target)
    {
        foreach (var file in Directory.EnumerateFiles(this[folder], "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(this[target], Path.GetRelativePath(this[folder], file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }
    }

    public void Dispose() => _folder.Dispose();

    private ulong Append(IReadOnlyList<ReadOnlyMemory<byte>> entries, string folder)
    {
        using var key = LogKey.Open(this["log1.pem"]);
        using var writer = LogWriter.Open(this[folder], key);
        return writer.Append(entries);
    }
}
