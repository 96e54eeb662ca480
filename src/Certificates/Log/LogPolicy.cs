using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;

namespace Adaptation.Certificates;

/// <summary>Which logs a verifier believes, and which witnesses must have seen a checkpoint. From the trust pack, never from beside a proof.</summary>
/// <remarks>Source: C2SP tlog-policy. Line by line: <c>log VKEY [URL]</c>, <c>witness NAME VKEY [URL]</c>, <c>group NAME any|all|K NAME…</c>, <c>quorum NAME|none</c>.</remarks>
public sealed class LogPolicy
{
    private const int MaxBytes = 64 * 1024;

    private readonly Func<IReadOnlySet<NoteKey>, bool> _quorum;

    private LogPolicy(ImmutableArray<NoteKey> logs, ImmutableArray<NoteKey> witnesses, string quorum, Func<IReadOnlySet<NoteKey>, bool> met) =>
        (Logs, Witnesses, Quorum, _quorum) = (logs, witnesses, quorum, met);

    public ImmutableArray<NoteKey> Logs { get; }

    public ImmutableArray<NoteKey> Witnesses { get; }

    /// <summary>The name of the witness or group that has to have cosigned; <c>none</c> if nobody has to.</summary>
    public string Quorum { get; }

    /// <summary>One log, and no witness: how a log looks at itself.</summary>
    public static LogPolicy Of(NoteKey log) => new([log], [], "none", _ => true);

    /// <exception cref="RejectedException">LOG_POLICY: malformed. LOG_KEY, KEY_WEAK: a key is. LOG_WITNESS_DUP: one key is two witnesses.</exception>
    public static LogPolicy Read(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxBytes)
            throw Malformed(0, $"has {file.Length} bytes; at most {MaxBytes} are read");
        foreach (var octet in file)
            if (octet is < 0x20 and not (byte)'\t' and not (byte)'\n' or 0x7f)
                throw Malformed(0, "holds a control character; lines end with a line feed alone");
        if (!Utf8.IsValid(file))
            throw Malformed(0, "is not valid UTF-8");
        var reader = new Reader();
        var lines = Encoding.UTF8.GetString(file).Split('\n');
        for (var at = 0; at < lines.Length; at++)
            reader.Line(at + 1, lines[at]);
        return reader.End(lines.Length);
    }

    internal bool IsMetBy(IReadOnlySet<NoteKey> cosigners) => _quorum(cosigners);

    private static RejectedException Malformed(int line, string why) => Rejection.Because("LOG_POLICY", line == 0 ? $"the policy {why}" : $"line {line} of the policy: {why}");

    private sealed class Reader
    {
        private readonly List<NoteKey> _logs = [];
        private readonly List<NoteKey> _witnesses = [];
        private readonly HashSet<string> _members = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Func<IReadOnlySet<NoteKey>, bool>> _names = new(StringComparer.Ordinal);
        private (string Name, Func<IReadOnlySet<NoteKey>, bool> IsMet)? _quorum;

        public void Line(int number, string line)
        {
            var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case [] or [['#', ..], ..]:
                    break;
                case ["log", _, ..] when words.Length <= 3:
                    AddLog(number, Key(words[1], NoteKeyType.Log, number));
                    break;
                case ["witness", var name, var key, ..] when words.Length <= 4:
                    AddWitness(number, name, Key(key, NoteKeyType.Witness, number));
                    break;
                case ["group", var name, var count, _, ..]:
                    AddGroup(number, name, count, words[3..]);
                    break;
                case ["quorum", var name] when _quorum is null:
                    _quorum = (name, name == "none" ? _ => true : Named(number, name));
                    break;
                case ["quorum", _]:
                    throw Malformed(number, "a second quorum; there is exactly one");
                default:
                    throw Malformed(number, $"{JsonGate.Quote(line)} is neither log VKEY [URL], witness NAME VKEY [URL], group NAME any|all|K NAME… nor quorum NAME|none");
            }
        }

        public LogPolicy End(int line)
        {
            var (name, isMet) = _quorum ?? throw Malformed(line, "no quorum line: expected `quorum NAME`, or `quorum none` where nobody has to have witnessed");
            return _logs.Count > 0 ? new LogPolicy([.. _logs], [.. _witnesses], name, isMet) : throw Malformed(line, "no log line: nothing could be believed");
        }

        private static NoteKey Key(string text, NoteKeyType type, int number)
        {
            var key = NoteKey.Parse(text);
            return key.Type == type ? key : throw Malformed(number, $"the key of {key.Name} is a {key.Type.ToString().ToLowerInvariant()}'s (type {(int)key.Type:x2}); expected type {(int)type:x2}");
        }

        private void AddLog(int number, NoteKey key)
        {
            Distinct(number, key, "LOG_POLICY");
            _logs.Add(key);
        }

        private void AddWitness(int number, string name, NoteKey key)
        {
            Distinct(number, key, "LOG_WITNESS_DUP");
            Define(number, name, cosigners => cosigners.Contains(key));
            _witnesses.Add(key);
        }

        private void AddGroup(int number, string name, string count, string[] members)
        {
            var needed = count switch { "any" => 1UL, "all" => (ulong)members.Length, _ => Checkpoint.TryNumber(count) ?? 0 };
            if (needed < 1 || needed > (ulong)members.Length)
                throw Malformed(number, $"{JsonGate.Quote(count)} of {members.Length} members: expected any, all or 1 to {members.Length}");
            Func<IReadOnlySet<NoteKey>, bool>[] met = [.. members.Select(member => _members.Add(member)
                ? Named(number, member)
                : throw Malformed(number, $"{JsonGate.Quote(member)} is a member of a group already; each counts in one way only"))];
            Define(number, name, cosigners => (ulong)met.Count(isMet => isMet(cosigners)) >= needed);
        }

        private Func<IReadOnlySet<NoteKey>, bool> Named(int number, string name) =>
            _names.TryGetValue(name, out var isMet) ? isMet : throw Malformed(number, $"{JsonGate.Quote(name)} is no witness or group of a line above");

        private void Define(int number, string name, Func<IReadOnlySet<NoteKey>, bool> isMet)
        {
            if (name == "none" || !_names.TryAdd(name, isMet))
                throw Malformed(number, $"the name {JsonGate.Quote(name)} is taken");
        }

        /// <summary>The key bytes decide, not the name: one operator under two names is one.</summary>
        private void Distinct(int number, NoteKey key, string code)
        {
            if (_logs.Concat(_witnesses).FirstOrDefault(other => other.PublicKey.AsSpan().SequenceEqual(key.PublicKey.AsSpan())) is { } same)
                throw Rejection.Because(same.Type == key.Type ? code : "LOG_POLICY", $"line {number} of the policy: {key.Name} and {same.Name} are one and the same public key");
        }
    }
}
