namespace Adaptation.Certificates.Tests;

/// <summary>What a verifier remembers of a log, from one run to the next.</summary>
public sealed class SeenLogTests
{
    private static readonly RootReference Pinned = new(1, new string('a', 64));
    private static readonly VerifierState Fresh = new() { Pinned = Pinned, Root = Pinned, Environment = KeyEnvironment.Test };
    private static readonly VerifierState Seen300 = Fresh.See(LogGiven.Checkpoint(300), log: null);
    private static readonly Checkpoint Forged300 = LogGiven.Checkpoint(300) with { Root = LogGiven.Hash(LogGiven.Tree(7).Root(7)) };

    [Fact]
    [MustRefuse("E7", "E8a", "E8b")]
    public void A_checkpoint_that_goes_back_forks_or_does_not_continue_what_was_seen_is_refused()
    {
        var (log, forked) = (Reader(700), Fresh.See(Forged300, log: null));

        Given.Refuses("LOG_ROLLBACK", () => Seen300.See(LogGiven.Checkpoint(299), log: null));
        Given.Refuses("LOG_FORK", () => Seen300.See(Forged300, log: null));
        Given.Refuses("LOG_FORK", () => Seen300.See(Forged300, log));
        Given.Refuses("LOG_CONSISTENCY", () => Seen300.See(LogGiven.Checkpoint(700), log: null));
        Given.Refuses("LOG_CONSISTENCY", () => forked.See(LogGiven.Checkpoint(700), log));
        Given.Refuses("LOG_CONSISTENCY", () => forked.See(LogGiven.Checkpoint(299), log));
        Given.Refuses("LOG_ROLLBACK", () => Seen300.See(LogGiven.Checkpoint(700), Reader(300)));
        Given.Refuses("LOG_FORK", () => Seen300.With(forked));
        Given.Refuses("LOG_NOTE_FORMAT", () => Fresh.See(LogGiven.Checkpoint(300) with { Size = 1UL << 53 }, log: null));
    }

    [Fact]
    public void What_continues_what_was_seen_is_remembered_and_an_earlier_state_of_it_is_believed_and_not_remembered()
    {
        var log = Reader(700);

        var later = Seen300.See(LogGiven.Checkpoint(700), log);

        Assert.Equal(LogGiven.Checkpoint(700), VerifierState.Read(later.ToBytes()).LastOf(LogGiven.Origin));
        Assert.All(new[] { later.See(LogGiven.Checkpoint(300), log), later.See(LogGiven.Checkpoint(700), log: null), Seen300.See(LogGiven.Checkpoint(5), log) },
            state => Assert.Equal(LogGiven.Checkpoint(700), state.LastOf(LogGiven.Origin)));
        Assert.Equal(later.LastOf(LogGiven.Origin), Seen300.With(later).LastOf(LogGiven.Origin));
        Assert.Null(Fresh.LastOf(LogGiven.Origin));
    }

    /// <summary>Without a checkpoint in hand: what was seen is enough.</summary>
    [Fact]
    [MustRefuse("E7", "E8a", "E8b")]
    public void An_audit_remembers_what_it_saw()
    {
        var forked = Fresh.See(Forged300, log: null);

        Assert.Equal(LogGiven.Checkpoint(700), Audit(Seen300, 700).LastOf(LogGiven.Origin));
        Given.Refuses("LOG_ROLLBACK", () => Audit(Seen300, 299));
        Given.Refuses("LOG_FORK", () => Audit(forked, 300));
        Given.Refuses("LOG_CONSISTENCY", () => Audit(forked, 700));
    }

    private static LogReader Reader(int size) => LogReader.Open(LogGiven.Grown(size), LogGiven.Alone, Given.Now);

    private static VerifierState Audit(VerifierState state, int size) =>
        LogAudit.Run(LogGiven.Grown(size), LogGiven.Alone, older: null, state, Given.Now, CancellationToken.None).State!;
}
