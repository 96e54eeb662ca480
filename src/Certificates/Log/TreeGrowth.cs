using System.Buffers;
using System.Buffers.Binary;

namespace Adaptation.Certificates;

/// <summary>Takes a file of a log that has come into being.</summary>
internal delegate void PutFile(string path, ReadOnlySpan<byte> content);

/// <summary>A log's tree as it grows: the right edge, from which the next files and the next root follow. It keeps 256 hashes a level and one bundle.</summary>
internal sealed class TreeGrowth
{
    private readonly List<Edge> _levels = [];
    private readonly ArrayBufferWriter<byte> _bundle = new();

    /// <summary>Entries so far.</summary>
    public ulong Size { get; private set; }

    /// <summary>Goes on where a log of this size ends.</summary>
    /// <exception cref="RejectedException">LOG_TILE: a file of the right edge is missing, torn, or not of these entries. LOG_ROOT: the edge does not give the root.</exception>
    public static TreeGrowth Load(ILogSource source, ulong size, LogHash root)
    {
        var growth = new TreeGrowth();
        for (var (level, count) = (0, size); count > 0; (level, count) = (level + 1, count >> 8))
            growth.LevelAt(level).Load(count, (int)(count % LogFiles.Width) is > 0 and var width ? source.Tile(level, count / LogFiles.Width, width) : []);
        growth.LoadBundle(source, size);
        growth.Size = size;
        return growth.Root() == root
            ? growth
            : throw Rejection.Because("LOG_ROOT", $"{source.Name}: the tiles of {size} entries give the root {growth.Root()}; the checkpoint says {root}");
    }

    /// <param name="entry">At most 65,535 bytes.</param>
    public void Append(ReadOnlySpan<byte> entry, PutFile put)
    {
        var length = checked((ushort)entry.Length);
        BinaryPrimitives.WriteUInt16BigEndian(_bundle.GetSpan(2), length);
        _bundle.Advance(2);
        _bundle.Write(entry);
        Push(0, Merkle.Leaf(entry), put);
        Size++;
        if (Size % LogFiles.Width != 0)
            return;
        put(LogFiles.Entries(Size / LogFiles.Width - 1, LogFiles.Width), _bundle.WrittenSpan);
        _bundle.ResetWrittenCount();
    }

    /// <summary>The files of the right edge that changed since they were last put; a checkpoint of this size needs them.</summary>
    public void PutEdge(PutFile put)
    {
        if (_bundle.WrittenCount > 0 && _levels[0].IsChanged)
            put(LogFiles.Entries(Size / LogFiles.Width, (int)(Size % LogFiles.Width)), _bundle.WrittenSpan);
        for (var level = 0; level < _levels.Count; level++)
            _levels[level].PutPartial(level, put);
    }

    /// <summary>The root over all entries so far.</summary>
    public LogHash Root()
    {
        LogHash? right = null;
        foreach (var level in _levels)
            right = level.Root(right);
        return right ?? Merkle.EmptyRoot;
    }

    private void Push(int level, LogHash hash, PutFile put)
    {
        if (LevelAt(level).Push(level, hash, put) is { } full)
            Push(level + 1, full, put);
    }

    private Edge LevelAt(int level)
    {
        if (level == _levels.Count)
            _levels.Add(new Edge());
        return _levels[level];
    }

    private void LoadBundle(ILogSource source, ulong size)
    {
        var width = (int)(size % LogFiles.Width);
        if (width == 0)
            return;
        var entries = source.Entries(size / LogFiles.Width, width);
        for (var at = 0; at < width; at++)
        {
            if (Merkle.Leaf(entries[at].Span) != _levels[0][at])
                throw Rejection.Because("LOG_TILE", $"{source.Name}: entry {size - (ulong)width + (ulong)at} is not the one whose hash stands in {LogFiles.Tile(0, size / LogFiles.Width, width)}");
            BinaryPrimitives.WriteUInt16BigEndian(_bundle.GetSpan(2), (ushort)entries[at].Length);
            _bundle.Advance(2);
            _bundle.Write(entries[at].Span);
        }
    }

    /// <summary>The tile at the right edge of one level.</summary>
    private sealed class Edge
    {
        private readonly LogHash[] _hashes = new LogHash[LogFiles.Width];
        private ulong _index;
        private int _count;

        public bool IsChanged { get; private set; }

        public LogHash this[int at] => _hashes[at];

        public void Load(ulong total, LogHash[] hashes)
        {
            (_index, _count) = (total / LogFiles.Width, hashes.Length);
            hashes.CopyTo(_hashes, 0);
        }

        /// <returns>The hash of the tile, if this one filled it.</returns>
        public LogHash? Push(int level, LogHash hash, PutFile put)
        {
            _hashes[_count++] = hash;
            IsChanged = true;
            if (_count < LogFiles.Width)
                return null;
            Put(level, put);
            (_index, _count, IsChanged) = (_index + 1, 0, false);
            return TileTree.Fold(_hashes);
        }

        public void PutPartial(int level, PutFile put)
        {
            if (_count > 0 && IsChanged)
                Put(level, put);
            IsChanged = false;
        }

        /// <summary>The hash over all of this level and what lies to the right of it: whole subtrees from the smallest, which is rightmost.</summary>
        public LogHash? Root(LogHash? right)
        {
            for (var (end, size) = (_count, 1); end > 0; size *= 2)
            {
                if ((end & size) == 0)
                    continue;
                var subtree = TileTree.Fold(_hashes.AsSpan(end - size, size));
                right = right is { } rest ? Merkle.Node(subtree, rest) : subtree;
                end -= size;
            }

            return right;
        }

        private void Put(int level, PutFile put)
        {
            Span<byte> bytes = stackalloc byte[LogFiles.Width * LogHash.Bytes];
            for (var at = 0; at < _count; at++)
                _hashes[at].CopyTo(bytes[(at * LogHash.Bytes)..]);
            put(LogFiles.Tile(level, _index, _count), bytes[..(_count * LogHash.Bytes)]);
        }
    }
}
