namespace Adaptation.Certificates;

/// <summary>What a verifier remembers of the logs that it was shown: of each the largest checkpoint. A log that shows another history later is found out.</summary>
public static class SeenLogs
{
    private const ulong MaxSize = (1UL << 53) - 1; // what a number in JSON can hold

    /// <summary>The largest checkpoint of a log that was seen; null: none.</summary>
    public static Checkpoint? LastOf(this VerifierState state, string origin) =>
        state.Logs.TryGetValue(origin, out var seen) ? new Checkpoint(origin, (ulong)seen.Size, LogHash.Of(Convert.FromHexString(seen.Root))) : null;

    /// <summary>Compares a checkpoint with what was seen of its log.</summary>
    /// <param name="log">The log as it is now, which shows that both are earlier states of it; null: it is not at hand.</param>
    /// <returns>The state that remembers the largest of them.</returns>
    /// <exception cref="RejectedException">
    /// LOG_FORK: as large, another root. LOG_ROLLBACK, LOG_CONSISTENCY: smaller or larger, and no log is at hand; or the log is smaller than one of the two, or does not begin with it. LOG_ORIGIN, LOG_TILE.
    /// </exception>
    public static VerifierState See(this VerifierState state, Checkpoint shown, LogReader? log)
    {
        if (state.LastOf(shown.Origin) is not { } seen)
            return state.WithSeen(shown);
        if (log is null || shown.Size == seen.Size)
        {
            return Consistency.CheckHeads(seen, shown)
                ? throw Rejection.Because("LOG_CONSISTENCY", $"{seen.Size} entries of the log {shown.Origin} were seen before, and this checkpoint is of {shown.Size}: nothing here shows that it goes on from there. Say where the log can be read: --log LOG")
                : state.WithSeen(shown);
        }

        log.ProveConsistency(seen);
        log.ProveConsistency(shown);
        return state.WithSeen(log.Checkpoint.Content);
    }

    /// <summary>Remembers a checkpoint that was found to continue what was seen.</summary>
    /// <exception cref="RejectedException">LOG_NOTE_FORMAT: no log is that large.</exception>
    internal static VerifierState WithSeen(this VerifierState state, Checkpoint seen) => seen.Size <= MaxSize
        ? state with { Logs = state.Logs.SetItem(seen.Origin, new SeenLog((long)seen.Size, seen.Root.ToHex())) }
        : throw Rejection.Because("LOG_NOTE_FORMAT", $"the checkpoint of {seen.Origin} says {seen.Size} entries, more than can be remembered");
}
