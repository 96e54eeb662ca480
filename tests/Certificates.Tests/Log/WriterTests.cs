using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates.Tests;

/// <summary>A log that is written: nothing promised is lost, nothing is signed twice differently, and no older copy is written on.</summary>
public sealed class WriterTests
{
    private const int Seed = 20261122;
    private static readonly int[] Batches = [3, 1, 250, 4, 60, 1];

    /// <summary>Off before every single step of three openings and six batches, and then again while recovering from it, with four fates each of what was not synced.</summary>
    [Fact]
    public void Wherever_the_power_goes_off_no_promise_is_lost_and_no_size_has_two_roots()
    {
        var ended = false;
        for (var steps = 0; !ended; steps++)
        {
            var first = new Machine(Seed + steps);
            ended = first.Run(new ForgetfulDisk(steps).With("/key/log.memory", LogGiven.Checkpoint(0).ToText()), Batches);
            for (var fate = 0; fate < 4; fate++)
            {
                var second = first.Fork();
                var chance = fate == 0 ? null : new Random(Seed * steps + fate);
                second.Run(first.Disk.AfterPowerLoss(chance, stepsUntilPowerOff: steps % 40), [2, 40]);
                second.Run(second.Disk.AfterPowerLoss(chance, stepsUntilPowerOff: int.MaxValue), [5]);
                second.RequireAllPromised();
            }
        }
    }

    /// <summary>The process is killed before every single step; the next one goes on from the machine's memory, and then the power goes off before the disk has what the first left there.</summary>
    [Fact]
    public void A_kill_and_then_the_power_lose_no_promise_and_make_no_fork()
    {
        var ended = false;
        for (var steps = 0; !ended; steps++)
        {
            var first = new Machine(Seed + steps);
            ended = first.Run(new ForgetfulDisk(steps).With("/key/log.memory", LogGiven.Checkpoint(0).ToText()), Batches);
            foreach (var more in (ReadOnlySpan<int>)[0, 1, 2, 4, 7])
            {
                var second = first.Fork();
                second.Run(first.Disk.AfterProcessDeath(more), [2]);
                second.Run(second.Disk.AfterPowerLoss(chance: null, stepsUntilPowerOff: int.MaxValue), [5]);
                second.RequireAllPromised();
            }
        }
    }

    [Fact]
    public void The_promise_comes_after_entries_tiles_memory_and_checkpoint_and_no_signature_before_the_memory()
    {
        var machine = new Machine(Seed);
        machine.Run(new ForgetfulDisk(int.MaxValue).With("/key/log.memory", LogGiven.Checkpoint(0).ToText()), [300]);

        var log = machine.Disk.AfterPowerLoss(chance: null, int.MaxValue); // only what was synced

        Assert.Equal(300UL, LogGiven.Open(log.TryRead("/site/log/checkpoint", 1 << 16)!).Content.Size);
        Assert.All(["/site/log/tile/0/000", "/site/log/tile/0/001.p/44", "/site/log/tile/1/000.p/1", "/site/log/tile/entries/000", "/site/log/tile/entries/001.p/44"], name => Assert.NotNull(log.TryRead(name, 1 << 20)));
        Assert.Equal(LogGiven.Open(log.TryRead("/site/log/checkpoint", 1 << 16)!).Content.ToText(), Encoding.UTF8.GetString(log.TryRead("/key/log.memory", 1 << 16)!));
    }

    [Fact]
    public void A_log_on_this_disk_is_made_written_closed_and_gone_on_with()
    {
        using var log = new DiskLog();

        Assert.Equal(0UL, log.Append(0, 3));
        Assert.Equal(3UL, log.Append(3, 500));

        Assert.Equal(LogGiven.Checkpoint(503).Root, log.Read().Checkpoint.Content.Root);
        Assert.False(Directory.Exists(log["log/tile/0/000.p"]));
        Assert.True(File.Exists(log["log/tile/0/001.p/247"]));
        Given.Refuses("LOG_ENTRY", () => log.Append([new byte[65_536]]));
        Assert.Equal(503UL, log.Append([new byte[65_535], Array.Empty<byte>()]));
        Assert.Equal(505UL, LogAudit.Run(new LogFolder(log["log"]), log.Policy, null, Given.Now, CancellationToken.None).Latest.Content.Size);
    }

    [Fact]
    public void There_is_one_writer_by_key_and_by_folder()
    {
        using var log = new DiskLog();
        log.Append(0, 1);
        foreach (var name in (ReadOnlySpan<string>)["key", "policy", "memory"])
            File.Copy(log["log1." + name], log["copy." + name]);
        using var key = log.Open("log1.key");
        using var writer = LogWriter.Open(log["log"], key);

        Assert.Contains("in use by another process", Assert.Throws<BrokenEnvironmentException>(() => log.Open("log1.key")).Message, StringComparison.Ordinal);
        using var copied = log.Open("copy.key");
        Assert.Throws<BrokenEnvironmentException>(() => LogWriter.Open(log["log"], copied));
    }

    /// <summary>E7 on the writer's side: a folder, or a key's memory, brought back from a copy.</summary>
    [Fact]
    public void A_folder_or_a_memory_that_is_an_older_copy_is_not_written_on()
    {
        using var log = new DiskLog();
        log.Append(0, 300);
        log.Copy("log", "old-log");
        File.Copy(log["log1.memory"], log["old.memory"]);
        log.Append(300, 300);
        log.Copy("log", "new-log");

        Given.Refuses("LOG_ROLLBACK", () => log.Append(300, 1, "old-log"));
        Given.Refuses("LOG_ROLLBACK", () => log.Append(300, 1, "no-log"));
        File.Copy(log["new-log/checkpoint"], log["old-log/checkpoint"], overwrite: true); // a checkpoint alone does not help
        Given.Refuses("LOG_TILE", () => log.Append(300, 1, "old-log"));
        File.Copy(log["old.memory"], log["log1.memory"], overwrite: true);
        Given.Refuses("LOG_ROLLBACK", () => log.Append(600, 1));
        File.Delete(log["log1.memory"]);
        Given.Refuses("LOG_ROLLBACK", () => log.Append(600, 1));
        LogKey.Resume(log["log1.key"], log.Record, log.Policy, File.ReadAllBytes(log["log/checkpoint"]), Given.Now); // the way back that the message names
        Assert.Equal(600UL, log.Append(600, 1));
    }

    [Fact]
    public void A_folder_of_another_history_log_or_key_is_not_written_on()
    {
        using var log = new DiskLog();
        log.Append(0, 10);
        var memory = File.ReadAllText(log["log1.memory"]);

        File.WriteAllText(log["log1.memory"], (LogGiven.Checkpoint(10) with { Root = Merkle.EmptyRoot }).ToText());
        Given.Refuses("LOG_FORK", () => log.Append(10, 1));
        File.WriteAllText(log["log1.memory"], memory.Replace("log1", "log2", StringComparison.Ordinal));
        Given.Refuses("LOG_ORIGIN", () => log.Append(10, 1));
        File.WriteAllText(log["log1.memory"], memory[..^1]);
        Given.Refuses("LOG_NOTE_FORMAT", () => log.Append(10, 1));
        File.WriteAllText(log["log1.memory"], memory);
        using (var other = new DiskLog())
            File.Copy(other["log/checkpoint"], log["log/checkpoint"], overwrite: true);
        Given.Refuses("LOG_UNSIGNED", () => log.Append(10, 1)); // by another key of the same name
    }

    [Fact]
    public void A_torn_right_edge_is_found_when_the_log_is_opened()
    {
        using var log = new DiskLog();
        log.Append(0, 300);
        foreach (var name in (ReadOnlySpan<string>)["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"])
        {
            var (path, good) = (log["log/" + name], File.ReadAllBytes(log["log/" + name]));
            File.WriteAllBytes(path, good[..^1]);
            Given.Refuses("LOG_TILE", () => log.Append(300, 1));
            File.WriteAllBytes(path, [.. good[..^1], (byte)(good[^1] ^ 1)]);
            Given.Refuses(name == "tile/1/000.p/1" ? "LOG_ROOT" : "LOG_TILE", () => log.Append(300, 1));
            File.Delete(path);
            Given.Refuses("LOG_TILE", () => log.Append(300, 1));
            File.WriteAllBytes(path, good);
        }

        Assert.Equal(300UL, log.Append(300, 1));
    }

    [Fact]
    public void A_key_has_one_log_and_is_of_use_only_with_what_belongs_to_it()
    {
        using var log = new DiskLog();

        Assert.Throws<IOException>(() => LogKey.Give(log["log1.key"], LogGiven.Origin, log.Record));
        Given.Refuses("LOG_KEY", () => LogKey.Give(log["other.key"], "no name", log.Record));
        Given.Refuses("LOG_KEY", () => LogKey.Give(log["other.key"], LogGiven.Origin, GivenRoots.Status.Key));
        Given.Refuses("LOG_KEY", () => LogKey.Give(log["other.key"], LogGiven.Origin, GivenKeys.Make(KeyDuty.Witness, KeyAlgorithm.Ed25519).Key));
        Assert.False(File.Exists(log["other.memory"]));
        File.WriteAllText(log["log1.policy"], DesignExample.Policy);
        Assert.Contains("of the key that lies beside it", Assert.Throws<BadInputException>(() => log.Open("log1.key")).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => log.Open("absent.key"));
    }

    /// <summary>A key and its record, brought back from a copy after the machine was lost.</summary>
    [Fact]
    public void A_key_that_is_brought_back_begins_no_second_history()
    {
        using var log = new DiskLog();
        log.Append(0, 10);
        var (checkpoint, policy) = (File.ReadAllBytes(log["log/checkpoint"]), log.Policy);
        Directory.Delete(log["log"], recursive: true);
        foreach (var name in (ReadOnlySpan<string>)["policy", "memory", "lock"])
            File.Delete(log["log1." + name]);
        static Passphrase Prompt(string what, bool isNew) => throw new InvalidOperationException("asked before it was refused");

        var refused = Assert.Throws<IOException>(() => LogKey.Create(log["log1.key"], LogGiven.Origin, KeyEnvironment.Test, TimeSpan.FromDays(1), Prompt, Given.Time));
        Assert.Contains("may have signed", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("log new", Assert.Throws<BadInputException>(() => log.Open("log1.key")).Message, StringComparison.Ordinal);

        Given.Refuses("LOG_UNSIGNED", () => LogKey.Resume(log["log1.key"], log.Record, policy, LogGiven.Note(LogGiven.Checkpoint(10)), Given.Now));
        using (var other = new DiskLog())
            Given.Refuses("LOG_KEY", () => LogKey.Resume(log["log1.key"], log.Record, other.Policy, File.ReadAllBytes(other["log/checkpoint"]), Given.Now));
        File.WriteAllText(log["moved.key"], File.ReadAllText(log["log1.key"]).Replace("log1", "log2", StringComparison.Ordinal));
        Given.Refuses("LOG_ORIGIN", () => LogKey.Resume(log["moved.key"], log.Record, policy, checkpoint, Given.Now));
        Assert.False(File.Exists(log["log1.memory"]) || File.Exists(log["moved.memory"]));
        Assert.Equal(10UL, LogKey.Resume(log["log1.key"], log.Record, policy, checkpoint, Given.Now).Content.Size);
        Assert.Throws<IOException>(() => LogKey.Resume(log["log1.key"], log.Record, policy, checkpoint, Given.Now));
        Given.Refuses("LOG_ROLLBACK", () => log.Append(0, 1)); // without the folder, which a mirror has
    }

    [Fact]
    public void A_key_that_has_ended_or_was_revoked_signs_nothing()
    {
        using var log = new DiskLog();

        Assert.Contains("KEY_WINDOW", Assert.Throws<BadInputException>(() => log.Open("log1.key", GivenKeys.To.AddSeconds(1))).Message, StringComparison.Ordinal);
        Assert.Contains("KEY_WINDOW", Assert.Throws<BadInputException>(() => log.Open("log1.key", GivenKeys.From.AddSeconds(-1))).Message, StringComparison.Ordinal);
        log.Open("log1.key", GivenKeys.To).Dispose();
        log.RevokedAt = Given.Now;
        Assert.Contains("KEY_REVOKED", Assert.Throws<BadInputException>(() => log.Open("log1.key")).Message, StringComparison.Ordinal);
    }

    /// <summary>One machine that runs a log until its power goes off: what it promised, and all that its key ever signed.</summary>
    private sealed class Machine(int salt)
    {
        private readonly List<string> _promised = [];
        private readonly Dictionary<ulong, LogHash> _signed = [];
        private int _run;

        public ForgetfulDisk Disk { get; private set; } = new(0);

        public Machine Fork()
        {
            var copy = new Machine(salt) { _run = _run };
            copy._promised.AddRange(_promised);
            foreach (var (size, root) in _signed)
                copy._signed[size] = root;
            return copy;
        }

        /// <returns>Whether all batches were appended.</returns>
        public bool Run(ForgetfulDisk disk, int[] batches)
        {
            Disk = disk;
            _run++;
            try
            {
                foreach (var count in batches)
                {
                    using var writer = Open(); // once for each batch: opening is where recovery happens
                    var entries = Enumerable.Range(0, count).Select(at => $"{salt}/{_run}/{writer.Checkpoint.Size + (ulong)at}").ToArray(); // no two runs would append the same
                    var first = writer.Append([.. entries.Select(entry => (ReadOnlyMemory<byte>)Encoding.ASCII.GetBytes(entry))]);
                    Assert.True(first >= (ulong)_promised.Count);
                    while ((ulong)_promised.Count < first)
                        _promised.Add(""); // appended and not promised: whatever it is, it stays
                    _promised.AddRange(entries);
                }

                return true;
            }
            catch (PowerOffException)
            {
                return false;
            }
        }

        public void RequireAllPromised()
        {
            var source = new DiskView(Disk);
            var (size, root) = (LogGiven.Open(Disk.TryRead("/site/log/checkpoint", 1 << 16)!).Content.Size, LogGiven.Open(Disk.TryRead("/site/log/checkpoint", 1 << 16)!).Content.Root);
            byte[][] entries = [.. Enumerable.Range(0, ((int)size + 255) / 256).SelectMany(bundle => source.Entries((ulong)bundle, Math.Min(256, (int)size - bundle * 256))).Select(entry => entry.ToArray())];

            Assert.Equal(_promised.Count, entries.Length);
            Assert.All(_promised.Zip(entries).Where(pair => pair.First.Length > 0), pair => Assert.Equal(pair.First, Encoding.ASCII.GetString(pair.Second)));
            var tree = new RfcTree([.. entries.Select(RfcTree.LeafHash)]);
            Assert.Equal(LogGiven.Hash(tree.Root((int)size)), root);
            Assert.All(_signed, signed => Assert.Equal(LogGiven.Hash(tree.Root((int)signed.Key)), signed.Value)); // all that the key ever signed is this one history
        }

        private LogWriter Open() => LogWriter.Open(Disk, "/site/log", new LogPen(LogGiven.Log.Public, "/key/log.memory", Sign), held: null);

        private byte[] Sign(Checkpoint checkpoint)
        {
            Assert.Equal(checkpoint.Root, _signed.TryAdd(checkpoint.Size, checkpoint.Root) ? checkpoint.Root : _signed[checkpoint.Size]);
            Assert.Equal(checkpoint.ToText(), Encoding.UTF8.GetString(Disk.TryRead("/key/log.memory", 1 << 16)!));
            return LogGiven.Note(checkpoint);
        }

        private sealed class DiskView(ForgetfulDisk disk) : ILogSource
        {
            public string Name => "disk";

            public byte[]? TryRead(string path, int maxBytes) => disk.TryRead("/site/log/" + path, maxBytes);
        }
    }
}
