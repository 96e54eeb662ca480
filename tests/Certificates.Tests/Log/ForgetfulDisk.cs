namespace Adaptation.Certificates.Tests;

/// <summary>The power went off.</summary>
internal sealed class PowerOffException : Exception;

/// <summary>A disk that keeps what was synced and, of the rest, what chance leaves: nothing, all, or a part. It goes off before a step of choice.</summary>
internal sealed class ForgetfulDisk(int stepsUntilPowerOff) : ILogDisk
{
    private readonly Dictionary<string, Node> _names = new(StringComparer.Ordinal) { ["/"] = new() };
    private readonly Dictionary<string, Node> _synced = new(StringComparer.Ordinal) { ["/"] = new() };

    public int Steps { get; private set; }

    public byte[]? TryRead(string path, int maxBytes) => _names.TryGetValue(path, out var node) && node.Content is { } content ? content[..Math.Min(content.Length, maxBytes + 1)] : null;

    public void Write(string path, ReadOnlySpan<byte> content)
    {
        Step();
        for (var above = Path.GetDirectoryName(path)!; above.Length > 1 && _names.TryAdd(above, new Node()); above = Path.GetDirectoryName(above)!)
        {
        }

        if (!_names.TryGetValue(path, out var node))
            _names[path] = node = new Node();
        node.Content = content.ToArray();
    }

    public bool MakeFolder(string path)
    {
        Step();
        return _names.TryAdd(path, new Node());
    }

    public void Sync(string path)
    {
        Step();
        var node = _names[path];
        node.Synced = node.Content;
        if (node.Content is not null)
            return;
        foreach (var gone in _synced.Keys.Where(name => Path.GetDirectoryName(name) == path && !_names.ContainsKey(name)).ToList())
            _synced.Remove(gone);
        foreach (var (name, child) in _names.Where(pair => Path.GetDirectoryName(pair.Key) == path))
            _synced[name] = child;
    }

    public void Replace(string path, string target)
    {
        Step();
        _names.Remove(path, out var node);
        _names[target] = node!;
    }

    public void RemoveFolder(string path)
    {
        Step();
        foreach (var name in _names.Keys.Where(name => name == path || name.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
            _names.Remove(name);
    }

    /// <summary>A file that was there before the test begins.</summary>
    public ForgetfulDisk With(string path, string content)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(content);
        for (var above = Path.GetDirectoryName(path)!; above.Length > 1; above = Path.GetDirectoryName(above)!)
            _names[above] = _synced[above] = new Node();
        _names[path] = _synced[path] = new Node { Content = bytes, Synced = bytes };
        return this;
    }

    /// <summary>What the next process finds after this one died: all that was written, whether or not it is on the disk yet.</summary>
    public ForgetfulDisk AfterProcessDeath(int stepsUntilPowerOff)
    {
        var (after, copies) = (new ForgetfulDisk(stepsUntilPowerOff), new Dictionary<Node, Node>());
        Node Copy(Node node) => copies.TryGetValue(node, out var copy) ? copy : copies[node] = new Node { Content = node.Content, Synced = node.Synced };
        foreach (var (name, node) in _names)
            after._names[name] = Copy(node);
        foreach (var (name, node) in _synced)
            after._synced[name] = Copy(node);
        return after;
    }

    /// <summary>What is there when the power is back.</summary>
    /// <param name="chance">Null: nothing that was not synced.</param>
    public ForgetfulDisk AfterPowerLoss(Random? chance, int stepsUntilPowerOff)
    {
        var (after, contents) = (new ForgetfulDisk(stepsUntilPowerOff), new Dictionary<Node, Node>());
        foreach (var name in _names.Keys.Union(_synced.Keys).Order(StringComparer.Ordinal)) // a folder comes before what is in it
        {
            var survivor = chance?.Next(2) == 1 ? _names.GetValueOrDefault(name) : _synced.GetValueOrDefault(name);
            var isReachable = name == "/" || after._names.ContainsKey(Path.GetDirectoryName(name)!);
            if (survivor is null || !isReachable)
                continue;
            if (!contents.TryGetValue(survivor, out var node))
                contents[survivor] = node = new Node { Content = ContentOf(survivor, chance) };
            node.Synced = node.Content;
            after._names[name] = after._synced[name] = node;
        }

        return after;
    }

    /// <summary>Of a file that was not synced, its length may be there and its bytes not.</summary>
    private static byte[]? ContentOf(Node node, Random? chance) => node.Content is null || ReferenceEquals(node.Content, node.Synced) ? node.Content
        : chance is null ? node.Synced ?? []
        : chance.Next(4) switch
        {
            0 => node.Synced ?? [],
            1 => node.Content,
            2 => node.Content[..chance.Next(node.Content.Length + 1)],
            _ => new byte[node.Content.Length],
        };

    private void Step()
    {
        if (Steps++ >= stepsUntilPowerOff)
            throw new PowerOffException();
    }

    /// <summary>A file, or a folder, which has no content.</summary>
    private sealed class Node
    {
        public byte[]? Content { get; set; }

        public byte[]? Synced { get; set; }
    }
}
