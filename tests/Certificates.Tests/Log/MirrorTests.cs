using System.Diagnostics;
using System.Text;

namespace Adaptation.Certificates.Tests;

/// <summary>Audits and mirrors: what was seen once cannot be changed later without their saying so.</summary>
public sealed class MirrorTests
{
    private static readonly byte[] Older = LogGiven.Note(LogGiven.Checkpoint(300));

    [Theory]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(700)]
    public void A_sound_log_is_consistent_with_every_checkpoint_of_its_past(int size)
    {
        foreach (var older in (ReadOnlySpan<int>)[0, 1, size / 2, size])
        {
            var report = Audit(LogGiven.Grown(size), LogGiven.Note(LogGiven.Checkpoint(older)));

            Assert.Equal(((ulong)size, (ulong)older), (report.Latest.Content.Size, report.Older!.Content.Size));
        }

        Assert.Null(Audit(LogGiven.Grown(size)).Older);
    }

    /// <summary>Each file of a log, torn, longer, changed, gone, and exchanged for a neighbour of the same length.</summary>
    [Fact]
    public void No_file_of_a_log_can_be_changed()
    {
        foreach (var name in LogGiven.Grown(700).Files.Keys.Where(name => name != "checkpoint"))
        {
            var changes = new Func<byte[], byte[]?>[] { good => good[..^1], good => [.. good, 0], good => [.. good[..^1], (byte)(good[^1] ^ 1)], good => [], _ => null, good => good[..(good.Length / 2)] };
            foreach (var change in changes)
            {
                var log = LogGiven.Grown(700);
                if (change(log.Files[name]) is { } changed)
                    log.Files[name] = changed;
                else
                    log.Files.Remove(name);
                Given.Refuses("LOG_TILE", () => Audit(log));
            }
        }
    }

    [Fact]
    public void Tiles_and_entries_that_were_exchanged_are_found()
    {
        foreach (var (one, two) in (ReadOnlySpan<(string, string)>)[("tile/0/000", "tile/0/001"), ("tile/entries/000", "tile/entries/001")])
        {
            var log = LogGiven.Grown(700);
            (log.Files[one], log.Files[two]) = (log.Files[two], log.Files[one]);
            Given.Refuses("LOG_TILE", () => Audit(log));
        }

        var swapped = LogGiven.Grown(700); // two leaves of one bundle, of the same length
        var bundle = swapped.Files["tile/entries/000"];
        var (first, second) = (LogGiven.Entry(100), LogGiven.Entry(101));
        var at = bundle.AsSpan().IndexOf(first);
        second.CopyTo(bundle, at);
        first.CopyTo(bundle, at + first.Length + 2);
        Given.Refuses("LOG_TILE", () => Audit(swapped));
    }

    /// <summary>A log that recomputed everything after a change of history: only an older checkpoint tells.</summary>
    [Fact]
    public void A_history_that_was_changed_throughout_is_found_by_an_older_checkpoint()
    {
        var forged = Forged(700);

        Assert.Equal(700UL, Audit(forged).Latest.Content.Size);
        Given.Refuses("LOG_CONSISTENCY", () => Audit(forged, Older));
        Given.Refuses("LOG_FORK", () => Audit(Forged(300), Older));
        Given.Refuses("LOG_ROLLBACK", () => Audit(LogGiven.Grown(299), Older));
        Given.Refuses("LOG_NOTE_SIG", () => Audit(LogGiven.Grown(700), LogGiven.Note(LogGiven.Checkpoint(300).ToText(), LogGiven.Log.Line("another text\n"))));
        Given.Refuses("LOG_CHECKPOINT", () => Audit(new MemoryLog()));
    }

    /// <summary>A root that the key signed and no entries give.</summary>
    [Fact]
    public void A_forged_root_is_found()
    {
        var log = LogGiven.Grown(700);
        log.Put("checkpoint", LogGiven.Note(LogGiven.Checkpoint(700) with { Root = Merkle.EmptyRoot }));

        Given.Refuses("LOG_ROOT", () => Audit(log));
        using var folder = new TempFolder();
        Given.Refuses("LOG_ROOT", () => Mirror(log, folder));
        Assert.False(File.Exists(folder["checkpoint"]));
        Given.Refuses("LOG_INCLUSION", () => LogReader.Open(ProofTests.With(LogGiven.Leaf(), 700), LogGiven.Alone, Given.Now).Prove(LogGiven.Leaf("other"), 300));
    }

    [Fact]
    public void A_mirror_holds_what_the_log_holds_and_goes_on_from_there()
    {
        using var folder = new TempFolder();

        Assert.Equal(0UL, Mirror(LogGiven.Grown(300), folder).Before);
        Assert.Equal(300UL, Mirror(LogGiven.Grown(700), folder).Before);
        Assert.Equal(700UL, Mirror(LogGiven.Grown(700), folder).Before);

        var mirror = new LogFolder(folder.Root);
        Assert.Equal(700UL, LogAudit.Run(mirror, LogGiven.Alone, Older, Given.Now, CancellationToken.None).Latest.Content.Size);
        Assert.All(LogGiven.Grown(700).Files, file => Assert.Equal(file.Value, mirror.TryRead(file.Key, 1 << 24)));
    }

    [Fact]
    public void A_mirror_takes_new_witnesses_of_what_it_has()
    {
        using var folder = new TempFolder();
        var (log, text) = (LogGiven.Grown(300), LogGiven.Checkpoint(300).ToText());
        Mirror(log, folder);

        log.Put("checkpoint", LogGiven.Note(text, LogGiven.Log.Line(text), LogGiven.Witness.Line(text, Given.Now)));
        Mirror(log, folder);

        Assert.Equal(log.Files["checkpoint"], File.ReadAllBytes(folder["checkpoint"]));
    }

    [Fact]
    public void A_mirror_refuses_another_history_and_keeps_its_own()
    {
        using var folder = new TempFolder();
        Mirror(LogGiven.Grown(300), folder);

        Given.Refuses("LOG_FORK", () => Mirror(Forged(300), folder));
        Given.Refuses("LOG_CONSISTENCY", () => Mirror(Forged(700), folder));
        Given.Refuses("LOG_ROLLBACK", () => Mirror(LogGiven.Grown(299), folder));
        var torn = LogGiven.Grown(700);
        torn.Files["tile/entries/002.p/188"] = torn.Files["tile/entries/002.p/188"][..^1];
        Given.Refuses("LOG_TILE", () => Mirror(torn, folder));

        Assert.Equal(LogGiven.Grown(300).Files["checkpoint"], File.ReadAllBytes(folder["checkpoint"]));
        Assert.Equal(700UL, Mirror(LogGiven.Grown(700), folder).Latest.Content.Size);
    }

    /// <summary>A log that deletes partial files once the full ones are there still answers for an older checkpoint.</summary>
    [Fact]
    public void A_full_tile_serves_for_a_partial_one_that_is_gone()
    {
        var (old, grown) = (LogGiven.Grown(300), LogGiven.Grown(700));
        grown.Files["checkpoint"] = old.Files["checkpoint"];
        grown.Files["tile/1/000.p/1"] = old.Files["tile/1/000.p/1"];

        Assert.Equal(300UL, Audit(grown).Latest.Content.Size);
        grown.Files["tile/0/001"] = grown.Files["tile/0/001"][..^1];
        Given.Refuses("LOG_TILE", () => Audit(grown));
    }

    /// <summary>A pipe, on which opening would wait for ever, a device without end, and a folder.</summary>
    [Theory]
    [InlineData("checkpoint")]
    [InlineData("tile/entries/000.p/3")]
    [InlineData("tile/0/000.p/3")]
    public async Task What_is_no_file_holds_nobody(string name)
    {
        using var folder = new TempFolder();
        Mirror(LogGiven.Grown(3), folder);
        Action<string>[] kinds = [path => Process.Start("mkfifo", [path]).WaitForExit(), path => File.CreateSymbolicLink(path, "/dev/zero"), path => Directory.CreateDirectory(path)];
        foreach (var make in kinds)
        {
            File.Delete(folder[name]);
            make(folder[name]);
            var audit = Task.Run(() => Record.Exception(() => LogAudit.Run(new LogFolder(folder.Root), LogGiven.Alone, older: null, Given.Now, CancellationToken.None)), CancellationToken.None);
            Assert.True(await audit.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, TestContext.Current.CancellationToken) is IOException or UnauthorizedAccessException or RejectedException);
        }
    }

    private static AuditReport Audit(MemoryLog log, byte[]? older = null) =>
        LogAudit.Run(log, LogGiven.Alone, older, Given.Now, CancellationToken.None);

    private static MirrorReport Mirror(MemoryLog log, TempFolder folder) => LogMirror.Run(log, folder.Root, LogGiven.Alone, Given.Now, CancellationToken.None);

    /// <summary>One entry is another, and all that follows from it.</summary>
    private static MemoryLog Forged(int size)
    {
        var (log, tree) = (new MemoryLog(), new TreeGrowth());
        for (var at = 0; at < size; at++)
            tree.Append(at == 17 ? Encoding.UTF8.GetBytes("another") : LogGiven.Entry(at), log.Put);
        tree.PutEdge(log.Put);
        log.Put("checkpoint", LogGiven.Note(new Checkpoint(LogGiven.Origin, (ulong)size, tree.Root())));
        return log;
    }
}
