using System.Globalization;

namespace Adaptation.Certificates;

/// <summary>What a log says it holds: so many entries, with this root. A claim, until its signatures are checked (<see cref="VerifiedCheckpoint"/>).</summary>
/// <remarks>Source: C2SP tlog-checkpoint; extension lines, which no monitor can audit, are refused.</remarks>
/// <param name="Origin">The log's name.</param>
/// <param name="Size">Entries; 0 for an empty log.</param>
public sealed record Checkpoint(string Origin, ulong Size, LogHash Root)
{
    /// <summary>The text that logs sign: three lines.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Root}\n");

    /// <exception cref="RejectedException">LOG_NOTE_FORMAT.</exception>
    internal static Checkpoint Read(string text)
    {
        var lines = text.Split('\n');
        if (lines.Length != 4 || lines[0].Length == 0 || lines[3].Length > 0)
            throw Malformed($"it has {lines.Length - 1} lines; expected origin, size and root, and no extension lines");
        if (TryNumber(lines[1]) is not { } size)
            throw Malformed($"the size {JsonGate.Quote(lines[1])} is not a decimal number below 2^64 without leading zeros");
        if (LogHash.TryParse(lines[2]) is not { } root)
            throw Malformed($"the root {JsonGate.Quote(lines[2])} is not 32 bytes in strict base64");
        return size > 0 || root == Merkle.EmptyRoot
            ? new Checkpoint(lines[0], size, root)
            : throw Malformed($"it says that the log is empty, and gives the root {root}, which an empty log does not have");
    }

    /// <summary>A decimal number in its one spelling; null if it is none.</summary>
    internal static ulong? TryNumber(string text) =>
        text is [not '0', ..] or "0" && text.All(char.IsAsciiDigit) && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static RejectedException Malformed(string why) => Rejection.Because("LOG_NOTE_FORMAT", $"the checkpoint is malformed: {why}");
}
