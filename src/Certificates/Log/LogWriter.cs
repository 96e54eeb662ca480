using System.Text;
using Adaptation.Core;
using Microsoft.Win32.SafeHandles;

namespace Adaptation.Certificates;

/// <summary>Signs checkpoints for a writer.</summary>
/// <param name="MemoryPath">Of the file that says what was signed last, or was about to be.</param>
internal sealed record LogPen(NoteKey Public, string MemoryPath, Func<Checkpoint, byte[]> Sign);

/// <summary>Appends to a log in a folder. When <see cref="Append"/> returns, the entries are on the disk, in their places for good, under a signed checkpoint.</summary>
/// <remarks>
/// Order of every batch: entries and tiles, synced; the key's memory, synced; the signature; the checkpoint, synced; the promise. So a crash at any point leaves one of two states: the
/// memory names what the checkpoint names, and files beyond it are scrap that the next batch writes over; or the memory is ahead, all that it names is on the disk, and opening signs and
/// publishes it. So no two roots of one size are ever signed. Anything else is not a crash, and is refused. Safe for use by one thread at a time.
/// </remarks>
public sealed class LogWriter : IDisposable
{
    private readonly ILogDisk _disk;
    private readonly string _folder;
    private readonly LogPen _pen;
    private readonly SafeFileHandle? _lock;
    private readonly TreeGrowth _tree;
    private bool _isBroken;

    private LogWriter(ILogDisk disk, string folder, LogPen pen, TreeGrowth tree, Checkpoint checkpoint, SafeFileHandle? held) =>
        (_disk, _folder, _pen, _tree, Checkpoint, _lock) = (disk, folder, pen, tree, checkpoint, held);

    /// <summary>The last that was published.</summary>
    public Checkpoint Checkpoint { get; private set; }

    /// <summary>Whether opening finished a batch that a crash had interrupted between the key's memory and the checkpoint; tell the user.</summary>
    public bool WasRecovered { get; private init; }

    /// <summary>Opens the log of a key; makes the folder if the key has not signed anything yet.</summary>
    /// <param name="key">The caller's, and held while the writer is in use.</param>
    /// <exception cref="RejectedException">
    /// LOG_ROLLBACK: the folder, or the key's memory, is older than the other. LOG_FORK: they disagree. LOG_ORIGIN, LOG_UNSIGNED, LOG_NOTE_SIG: the folder is another log's.
    /// LOG_TILE, LOG_ROOT: files of the right edge are damaged.
    /// </exception>
    /// <exception cref="BrokenEnvironmentException">Another process writes to the folder.</exception>
    public static LogWriter Open(string folder, LogKey key)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        Directory.CreateDirectory(folder);
        var held = LogDisk.Lock(folder);
        try
        {
            return Open(new LogDisk(), folder, new LogPen(key.Public, key.MemoryPath, key.Sign), held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    internal static LogWriter Open(ILogDisk disk, string folder, LogPen pen, SafeFileHandle? held)
    {
        PendingFiles.MakeFolder(disk, folder);
        var source = new DiskSource(disk, folder);
        var last = ReadMemory(disk, folder, pen);
        var shown = source.TryRead(LogFiles.Checkpoint, SignedNote.MaxBytes) is { } note
            ? VerifiedCheckpoint.Open(note, LogPolicy.Of(pen.Public), DateTimeOffset.UnixEpoch).Content // whom it was shown to does not matter here
            : null;
        var published = shown ?? new Checkpoint(pen.Public.Name, 0, Merkle.EmptyRoot);
        if (last.Size < published.Size)
            throw Rejection.Because("LOG_ROLLBACK", $"{pen.MemoryPath} says that this key signed {last.Size} entries, and {folder} shows {published.Size}, signed by it: the key's memory is an old copy. "
                + "Bring the newer one back. 密钥的签名记录是旧副本。");
        Consistency.CheckHeads(published, last);
        var tree = LoadEdge(source, published, last);
        var isAhead = shown is null || published.Size < last.Size;
        if (isAhead)
        {
            disk.Sync(pen.MemoryPath); // the one before us may have been killed before it was on the disk, which is what a signature waits for
            disk.Sync(Path.GetDirectoryName(pen.MemoryPath)!);
            PendingFiles.Publish(disk, Path.Combine(folder, LogFiles.Checkpoint), pen.Sign(last));
        }

        return new LogWriter(disk, folder, pen, tree, last, held) { WasRecovered = isAhead && last.Size > 0 };
    }

    /// <summary>Appends entries in one batch: all of them are durable when it returns, or it throws and none is promised.</summary>
    /// <param name="entries">At least one; each of at most 65,535 bytes.</param>
    /// <returns>The index of the first; the others follow it.</returns>
    /// <exception cref="RejectedException">LOG_ENTRY: one is too long; nothing was done.</exception>
    /// <exception cref="IOException">The disk refused. Whether the batch is in the log is found out by opening it again; this writer is of no more use.</exception>
    public ulong Append(IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        if (entries.Count == 0)
            throw new ArgumentException("a batch has at least one entry", nameof(entries));
        if (_isBroken)
            throw new InvalidOperationException("An append to this log failed; open it again to find out where it ends.");
        foreach (var entry in entries)
            if (entry.Length > LogFiles.MaxEntry)
                throw Rejection.Because("LOG_ENTRY", $"an entry has {entry.Length} bytes; a log takes at most {LogFiles.MaxEntry}");
        _isBroken = true; // until all of it is done: after a failed sync nobody knows what the disk holds
        var (first, files) = (_tree.Size, new PendingFiles(_disk, _folder));
        foreach (var entry in entries)
            _tree.Append(entry.Span, files.Put);
        _tree.PutEdge(files.Put);
        files.Sync();
        var next = new Checkpoint(_pen.Public.Name, _tree.Size, _tree.Root());
        PendingFiles.Publish(_disk, _pen.MemoryPath, Encoding.UTF8.GetBytes(next.ToText()));
        PendingFiles.Publish(_disk, Path.Combine(_folder, LogFiles.Checkpoint), _pen.Sign(next));
        files.RemovePartialOfFull();
        (Checkpoint, _isBroken) = (next, false);
        return first;
    }

    /// <summary>Lets other processes write.</summary>
    public void Dispose() => _lock?.Dispose();

    private static Checkpoint ReadMemory(ILogDisk disk, string folder, LogPen pen)
    {
        var text = disk.TryRead(pen.MemoryPath, SignedNote.MaxBytes)
            ?? throw Rejection.Because("LOG_ROLLBACK", $"{pen.MemoryPath} is missing: what this key signed last. Without it the key could sign a second history. Bring back the newest, no older copy; if it is lost, "
                + $"get the last checkpoint from those who mirror or witness the log, who may have seen a later one than {Path.Combine(folder, LogFiles.Checkpoint)}, "
                + "and run `adapt log resume --key KEY --policy POLICY --continue-from CHECKPOINT`. 缺少此密钥的签名记录。");
        var memory = Checkpoint.Read(Encoding.UTF8.GetString(text));
        return memory.Origin == pen.Public.Name
            ? memory
            : throw Rejection.Because("LOG_ORIGIN", $"{pen.MemoryPath} is of {JsonGate.Quote(memory.Origin)}; the key beside it is of {pen.Public.Name}");
    }

    private static TreeGrowth LoadEdge(DiskSource source, Checkpoint published, Checkpoint last)
    {
        try
        {
            return TreeGrowth.Load(source, last.Size, last.Root);
        }
        catch (RejectedException) when (published.Size < last.Size)
        {
            throw Rejection.Because("LOG_ROLLBACK", $"{source.Name} ends at {published.Size} entries, and its key has signed {last.Size}, root {last.Root}: the folder is an older copy, or lost files. "
                + "Going on from here would make a second history. Bring back the newer files, from a mirror if need be. 日志目录是旧副本或缺失文件，拒绝继续写入，以免产生分叉。");
        }
    }

    private sealed class DiskSource(ILogDisk disk, string folder) : ILogSource
    {
        public string Name => folder;

        public byte[]? TryRead(string path, int maxBytes) => disk.TryRead(Path.Combine(folder, path), maxBytes);
    }
}
