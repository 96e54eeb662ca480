namespace Adaptation.Certificates;

/// <summary>Whether one view of a log is an earlier state of another. This is what makes a log more than a signed list.</summary>
public static class Consistency
{
    /// <summary>Requires that the newer checkpoint holds all that the older one held, in its places.</summary>
    /// <param name="proof">As RFC 6962 section 2.1.2 has it; empty for equal sizes, and for an older size of 0, which needs none.</param>
    /// <exception cref="RejectedException">LOG_ORIGIN: two logs. LOG_ROLLBACK: the newer is smaller. LOG_FORK: same size, another root. LOG_CONSISTENCY: the proof does not lead from one to the other.</exception>
    public static void Require(Checkpoint older, Checkpoint newer, ReadOnlySpan<LogHash> proof)
    {
        if (!CheckHeads(older, newer))
            return;
        if (!Merkle.IsConsistent(older.Size, older.Root, newer.Size, newer.Root, proof))
            throw Broken(older, newer);
    }

    /// <returns>Whether the two differ in size, so that a proof has to lead from one to the other.</returns>
    /// <exception cref="RejectedException">LOG_ORIGIN, LOG_ROLLBACK or LOG_FORK.</exception>
    internal static bool CheckHeads(Checkpoint older, Checkpoint newer)
    {
        if (older.Origin != newer.Origin)
            throw Rejection.Because("LOG_ORIGIN", $"two logs: {JsonGate.Quote(older.Origin)} and {JsonGate.Quote(newer.Origin)}");
        if (newer.Size < older.Size)
            throw Rejection.Because("LOG_ROLLBACK", $"the log {newer.Origin} now shows {newer.Size} entries; {older.Size} were seen before");
        if (newer.Size == older.Size && newer.Root != older.Root)
            throw Rejection.Because("LOG_FORK", $"the log {newer.Origin} shows two histories of {newer.Size} entries: roots {older.Root} and {newer.Root}. Keep both checkpoints: signed by its key, they prove it");
        return newer.Size > older.Size && older.Size > 0;
    }

    internal static RejectedException Broken(Checkpoint older, Checkpoint newer) => Rejection.Because("LOG_CONSISTENCY",
        $"the log {newer.Origin} of {newer.Size} entries does not begin with the {older.Size} entries of root {older.Root} that were seen before: history was changed. Keep both checkpoints: signed by its key, they prove it");
}
