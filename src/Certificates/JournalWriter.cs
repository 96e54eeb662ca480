using Microsoft.Win32.SafeHandles;

namespace Adaptation.Certificates;

/// <summary>Appends to a journal; an entry is on the disk before <see cref="Append"/> returns. Safe for concurrent use.</summary>
/// <remarks>Holds the file for itself: another writer, and a reader that asks for a lock as .NET does, is refused until it is disposed.</remarks>
public sealed class JournalWriter : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private long _length;
    private long _lines;
    private string _lastHash;

    private JournalWriter(SafeFileHandle file, TimeProvider time, Journal before, long length)
    {
        (_file, _time, _length) = (file, time, length);
        (_lines, _lastHash, DroppedBytes) = (before.Entries.Length, before.LastHash, before.TornBytes);
        Before = before;
    }

    /// <summary>What stood in the journal when it was opened; empty for a new one.</summary>
    public Journal Before { get; }

    /// <summary>Bytes of a line that a crash had cut short and that opening removed; tell the user if there are any.</summary>
    public int DroppedBytes { get; }

    /// <summary>How many lines there are, and the hash of the last one: what a certificate states.</summary>
    public JournalReference Position
    {
        get
        {
            lock (_gate)
                return new JournalReference(_lines, _lastHash);
        }
    }

    /// <exception cref="IOException">The file exists, or cannot be made.</exception>
    public static JournalWriter Create(string path, string challenge, TimeProvider time) =>
        new(File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None), time, JournalReader.Read(default, challenge), length: 0);

    /// <summary>Verifies what is there and goes on behind it; a last line without a line feed is removed (<see cref="DroppedBytes"/>).</summary>
    /// <exception cref="RejectedException">JOURNAL_CHAIN: there is damage that no crash makes.</exception>
    /// <exception cref="IOException">The file is not there, or another writer has it.</exception>
    public static JournalWriter Open(string path, string challenge, TimeProvider time)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        try
        {
            var content = new byte[RandomAccess.GetLength(file)];
            if (RandomAccess.Read(file, content, fileOffset: 0) != content.Length)
                throw new IOException($"{path} changed while it was read; another program writes to it");
            var before = JournalReader.Read(content, challenge);
            var length = content.Length - before.TornBytes;
            RandomAccess.SetLength(file, length);
            RandomAccess.FlushToDisk(file);
            return new JournalWriter(file, time, before, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <exception cref="IOException">The entry may not be on the disk; the next one takes its place.</exception>
    public JournalEntry Append(string kind, CanonicalValue.Object data)
    {
        lock (_gate)
        {
            var entry = new JournalEntry(_lines, _time.GetUtcNow(), kind, data);
            var line = JournalReader.WriteLine(entry, _lastHash);
            RandomAccess.Write(_file, line, _length);
            RandomAccess.FlushToDisk(_file);
            (_length, _lines, _lastHash) = (_length + line.Length, _lines + 1, Digests.Sha256(line));
            return entry;
        }
    }

    public void Dispose() => _file.Dispose();
}
