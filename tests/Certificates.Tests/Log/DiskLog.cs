namespace Adaptation.Certificates.Tests;

/// <summary>A log in a folder of a test's own, with a key of its own.</summary>
internal sealed class DiskLog : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly byte[] _secret = SecretOf(PrivateKey.Generate(KeyAlgorithm.Ed25519));

    public DiskLog()
    {
        LogKey.Give(this["log1.key"], LogGiven.Origin, Record);
        using var key = Open("log1.key");
        LogWriter.Open(this["log"], key).Dispose();
    }

    /// <summary>Of its key, which no test reads from a file: what lies beside that matters here.</summary>
    public KeyRecord Record => Signer().Key;

    public DateTimeOffset? RevokedAt { get; set; }

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

    public LogKey Open(string name, DateTimeOffset? now = null) => LogKey.Open(this[name], Signer(), now ?? Given.Now);

    public void Dispose() => _folder.Dispose();

    private MemorySigner Signer()
    {
        var key = PrivateKey.TryImport([.. _secret])!;
        return new MemorySigner(key, KeyRecord.For(key.Spki, KeyDuty.Log, GivenKeys.From, GivenKeys.To, KeyEnvironment.Test, person: null) with { RevokedAt = RevokedAt });
    }

    private static byte[] SecretOf(PrivateKey key)
    {
        using (key)
            return key.Export();
    }

    private ulong Append(IReadOnlyList<ReadOnlyMemory<byte>> entries, string folder)
    {
        using var key = Open("log1.key");
        using var writer = LogWriter.Open(this[folder], key);
        return writer.Append(entries);
    }
}
