using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Adaptation.Certificates;

/// <summary>One event of a run.</summary>
/// <param name="Sequence">From 0, without gaps.</param>
/// <param name="At">By the runner's clock, to 100 ns.</param>
/// <param name="Data">What happened, as the kind has it.</param>
public sealed record JournalEntry(long Sequence, DateTimeOffset At, string Kind, CanonicalValue.Object Data);

/// <summary>A journal whose chain has been verified.</summary>
/// <param name="LastHash">SHA-256 of the last line with its line feed, 64 lowercase hex digits; of the challenge line if there is none.</param>
/// <param name="TornBytes">Bytes behind the last line feed: a line that a crash cut short, not part of <paramref name="Entries"/>.</param>
public sealed record Journal(ImmutableArray<JournalEntry> Entries, string LastHash, int TornBytes);

/// <summary>Reads journals: JSON lines, each naming the hash of the line before, the first one that of the run's challenge.</summary>
/// <remarks>A line is canonical JSON <c>{"data":{…},"kind":"…","prev":"…","seq":0,"t":"2026-11-21T08:00:00.0000000Z"}</c> and a line feed.</remarks>
public static class JournalReader
{
    private const int MaxLineBytes = 1 << 20;

    /// <exception cref="RejectedException">JOURNAL_CHAIN: a whole line is malformed, out of order, or does not follow from the one before.</exception>
    public static Journal Read(ReadOnlyMemory<byte> file, string challenge)
    {
        var (entries, hash) = (ImmutableArray.CreateBuilder<JournalEntry>(), FirstHash(challenge));
        while (file.Span.IndexOf((byte)'\n') is >= 0 and var end)
        {
            entries.Add(ReadLine(file[..end], entries.Count, hash));
            hash = Digests.Sha256(file.Span[..(end + 1)]);
            file = file[(end + 1)..];
        }
        return new Journal(entries.ToImmutable(), hash, file.Length);
    }

    /// <summary>What line 0 names as the hash of the line before.</summary>
    internal static string FirstHash(string challenge) => Digests.Sha256(Encoding.UTF8.GetBytes($"hwcert-journal/v1\n{challenge}\n"));

    /// <summary>The bytes of one line, with its line feed.</summary>
    internal static byte[] WriteLine(JournalEntry entry, string previousHash) =>
    [
        .. CanonicalValue.Object.Of(
            ("data", entry.Data),
            ("kind", entry.Kind),
            ("prev", previousHash),
            ("seq", entry.Sequence),
            ("t", UtcText.WriteExact(entry.At))).ToBytes(),
        (byte)'\n',
    ];

    private static JournalEntry ReadLine(ReadOnlyMemory<byte> line, int sequence, string previousHash)
    {
        var broken = string.Create(CultureInfo.InvariantCulture, $"line {sequence + 1} of the journal");
        try
        {
            using var document = JsonGate.Parse(line, "JOURNAL", MaxLineBytes, JsonShape.Free);
            var members = new JsonMembers(document.RootElement, "JOURNAL", "");
            var at = UtcText.TryReadExact(members.Text("t")) ?? throw Broken($"{broken} has no time of the form 2026-11-21T08:00:00.0000000Z");
            var entry = new JournalEntry(members.Integer("seq"), at, members.Text("kind"), CanonicalValue.ReadObject(members, "data"));
            if (entry.Sequence != sequence)
                throw Broken($"{broken} has seq {entry.Sequence}; expected {sequence}");
            if (members.Text("prev") != previousHash)
                throw Broken($"{broken} does not follow from the one before: prev is not {previousHash}");
            return WriteLine(entry, previousHash).AsSpan()[..^1].SequenceEqual(line.Span)
                ? entry
                : throw Broken($"{broken} is not in canonical form");
        }
        catch (RejectedException refused) when (refused.Rejection.Code != "JOURNAL_CHAIN")
        {
            throw Broken($"{broken} cannot be read: {refused.Message}");
        }
    }

    private static RejectedException Broken(string message) => Rejection.Because("JOURNAL_CHAIN", message);
}
