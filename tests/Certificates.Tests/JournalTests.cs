using System.Text;

namespace Adaptation.Certificates.Tests;

public sealed class JournalTests
{
    private static CanonicalValue.Object Data(string text) => CanonicalValue.Object.Of(("text", text));

    private static string Write(TempFolder folder, int lines)
    {
        using var journal = JournalWriter.Create(folder["events.jsonl"], Given.Challenge, Given.Time);
        for (var i = 0; i < lines; i++)
            journal.Append("step", Data($"第 {i} 步"));
        return folder["events.jsonl"];
    }

    [Fact]
    public void A_line_is_canonical_and_names_the_hash_of_the_one_before()
    {
        using var folder = new TempFolder();

        var lines = File.ReadAllText(Write(folder, 2)).Split('\n');

        var first = Digests.Sha256(Encoding.UTF8.GetBytes($"hwcert-journal/v1\n{Given.Challenge}\n"));
        Assert.Equal($$"""{"data":{"text":"第 0 步"},"kind":"step","prev":"{{first}}","seq":0,"t":"2026-11-21T08:00:00.0000000Z"}""", lines[0]);
        Assert.Contains($"\"prev\":\"{Digests.Sha256(Encoding.UTF8.GetBytes(lines[0] + "\n"))}\"", lines[1], StringComparison.Ordinal);
        Assert.Equal("", lines[2]);
    }

    [Fact]
    public void An_entry_is_in_the_file_when_append_returns()
    {
        using var folder = new TempFolder();
        using var journal = JournalWriter.Create(folder["j"], Given.Challenge, Given.Time);

        journal.Append("a", Data("x"));

        using (var copy = System.Diagnostics.Process.Start("cp", [folder["j"], folder["copy"]]))
            copy.WaitForExit();
        var content = File.ReadAllBytes(folder["copy"]);
        Assert.Equal(journal.Position.Last, JournalReader.Read(content, Given.Challenge).LastHash);
    }

    [Fact]
    public void Wherever_a_crash_cuts_the_file_only_the_torn_line_is_lost_and_writing_goes_on()
    {
        using var folder = new TempFolder();
        var whole = File.ReadAllBytes(Write(folder, 3));

        for (var length = 0; length <= whole.Length; length++)
        {
            var lines = whole.AsSpan(0, length).Count((byte)'\n');
            File.WriteAllBytes(folder["cut"], whole[..length]);
            using (var journal = JournalWriter.Open(folder["cut"], Given.Challenge, Given.Time))
            {
                Assert.Equal(lines, journal.Before.Entries.Length);
                Assert.Equal(length - (whole.AsSpan(0, length).LastIndexOf((byte)'\n') + 1), journal.DroppedBytes);
                journal.Append("resumed", Data("x"));
            }
            var read = JournalReader.Read(File.ReadAllBytes(folder["cut"]), Given.Challenge);
            Assert.Equal((lines + 1, 0), (read.Entries.Length, read.TornBytes));
        }
    }

    [Fact]
    public void Damage_that_no_crash_makes_is_refused()
    {
        using var folder = new TempFolder();
        var (whole, random) = (File.ReadAllBytes(Write(folder, 3)), new Random(3));

        for (var at = 0; at < whole.AsSpan(0, whole.Length - 1).LastIndexOf((byte)'\n'); at++)
        {
            var changed = whole.ToArray();
            changed[at] ^= (byte)random.Next(1, 256);
            Given.Refuses("JOURNAL_CHAIN", () => JournalReader.Read(changed, Given.Challenge));
        }
        File.WriteAllBytes(folder["damaged"], [.. whole[..10], (byte)'!', .. whole[11..]]);
        Given.Refuses("JOURNAL_CHAIN", () => JournalWriter.Open(folder["damaged"], Given.Challenge, Given.Time));
        Assert.Equal(whole.Length, new FileInfo(folder["damaged"]).Length);
    }

    [Fact]
    public void A_change_of_the_last_line_shows_in_the_hash_that_the_certificate_names()
    {
        using var folder = new TempFolder();
        var whole = File.ReadAllText(Write(folder, 2));
        var changed = whole.Replace("第 1 步", "第 2 步", StringComparison.Ordinal);

        Assert.NotEqual(
            JournalReader.Read(Encoding.UTF8.GetBytes(whole), Given.Challenge).LastHash,
            JournalReader.Read(Encoding.UTF8.GetBytes(changed), Given.Challenge).LastHash);
    }

    [Fact]
    public void A_line_that_is_taken_out_doubled_or_moved_is_refused()
    {
        using var folder = new TempFolder();
        var lines = File.ReadAllLines(Write(folder, 3));
        static byte[] Of(params string[] lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n")));

        Given.Refuses("JOURNAL_CHAIN", () => JournalReader.Read(Of(lines[0], lines[2]), Given.Challenge));
        Given.Refuses("JOURNAL_CHAIN", () => JournalReader.Read(Of(lines[1], lines[2]), Given.Challenge));
        Given.Refuses("JOURNAL_CHAIN", () => JournalReader.Read(Of(lines[0], lines[0]), Given.Challenge));
        Given.Refuses("JOURNAL_CHAIN", () => JournalReader.Read(Of(lines[0], "", lines[1]), Given.Challenge));
        Given.Refuses("JOURNAL_CHAIN", () => JournalReader.Read(Of(lines[0].Replace("{\"data\"", "{ \"data\"", StringComparison.Ordinal)), Given.Challenge));
        Given.Refuses("JOURNAL_CHAIN", () => JournalReader.Read(Of(lines), new string('0', 32)));
    }

    [Fact]
    public void One_file_has_one_writer_and_create_never_replaces()
    {
        using var folder = new TempFolder();
        var path = Write(folder, 1);
        using var journal = JournalWriter.Open(path, Given.Challenge, Given.Time);

        Assert.Throws<IOException>(() => JournalWriter.Create(path, Given.Challenge, Given.Time));
        Assert.Throws<IOException>(() => JournalWriter.Open(path, Given.Challenge, Given.Time));
    }

    [Fact]
    public async Task Many_threads_make_one_chain()
    {
        using var folder = new TempFolder();
        using (var journal = JournalWriter.Create(folder["j"], Given.Challenge, Given.Time))
        {
            await Parallel.ForAsync(0, 50, TestContext.Current.CancellationToken, (i, _) =>
            {
                journal.Append("step", Data($"{i}"));
                return ValueTask.CompletedTask;
            });
        }

        var read = JournalReader.Read(File.ReadAllBytes(folder["j"]), Given.Challenge);

        Assert.Equal(50, read.Entries.Select(entry => entry.Data.TryText("text")).Distinct(StringComparer.Ordinal).Count());
    }
}
