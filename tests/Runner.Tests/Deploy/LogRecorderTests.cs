using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Threading.Channels;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public class LogRecorderTests
{
    private const int Kept = 64 << 10;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_snapshot_is_head_marker_and_tail_however_the_log_was_cut() => Prop.ForAll(
        (from sizes in Gen.NonEmptyListOf(Gen.OneOf(Gen.Choose(1, 300), Gen.Choose(1, 50_000), Gen.Elements(Kept - 1, Kept, Kept + 1, 2 * Kept, 2 * Kept + 1, 200_000)))
         select sizes).ToArbitrary(),
        sizes =>
        {
            var seed = new Random(sizes.Sum());
            var chunks = sizes.Take(12).Select(size =>
            {
                var chunk = new byte[size];
                seed.NextBytes(chunk);
                return chunk;
            }).ToArray();
            return RecordAsync(chunks, long.MaxValue).GetAwaiter().GetResult().Snapshot.AsSpan().SequenceEqual(Naive([.. chunks.SelectMany(chunk => chunk)]));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(100, false)]
    [InlineData(101, true)]
    public async Task More_than_the_limit_is_a_flood_and_exactly_the_limit_is_none(int bytes, bool flooded)
    {
        var (snapshot, wasFlooded) = await RecordAsync([new byte[60], new byte[bytes - 60]], limit: 100);
        Assert.Equal((bytes, flooded), (snapshot.Length, wasFlooded));
    }

    [Fact]
    public async Task A_log_that_breaks_off_says_so_and_throws_nothing()
    {
        var (snapshot, _) = await RecordAsync(["before"u8.ToArray()], 100_000, new IOException("pipe is gone"));
        Assert.Equal("before\n[the log could not be followed to its end: pipe is gone]\n", Encoding.UTF8.GetString(snapshot));
    }

    [Fact]
    public async Task The_last_lines_for_a_message_are_short_clean_and_whole_characters()
    {
        var container = new Writer();
        await using var log = new LogRecorder(container, long.MaxValue);
        container.Write(GivenWire.Ascii("first\nred \u001b[31m\a\n" + new string('x', 399) + "😀 and on\n\nlast"));
        container.End(null);
        await log.WaitAsync(Token);
        var lines = log.Tail(3).Split('\n');
        Assert.Equal(["red  [31m ", new string('x', 399) + "…", "last"], lines);
    }

    private static byte[] Naive(byte[] all)
    {
        if (all.Length <= 2 * Kept)
            return all;
        var marker = string.Create(CultureInfo.InvariantCulture, $"\n[{all.Length - (2 * Kept)} bytes left out here by the runner]\n");
        return [.. all[..Kept], .. Encoding.ASCII.GetBytes(marker), .. all[^Kept..]];
    }

    private static async Task<(byte[] Snapshot, bool Flooded)> RecordAsync(IEnumerable<byte[]> chunks, long limit, Exception? end = null)
    {
        var container = new Writer();
        await using var log = new LogRecorder(container, limit);
        foreach (var chunk in chunks)
            container.Write(chunk);
        container.End(end);
        await log.WaitAsync(Token);
        return (log.Snapshot(), log.Flooded.IsCancellationRequested);
    }

    private sealed class Writer : IContainer
    {
        private readonly Channel<ReadOnlyMemory<byte>> _log = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();

        public string Id => "c";

        public void Write(byte[] bytes) => _log.Writer.TryWrite(bytes);

        public void End(Exception? why) => _log.Writer.Complete(why);

        public Task<ContainerState> InspectAsync(CancellationToken cancellationToken) =>
            Task.FromResult(new ContainerState(true, null, false, null, null, ImmutableSortedDictionary<string, string>.Empty));

        public IAsyncEnumerable<ReadOnlyMemory<byte>> LogAsync(CancellationToken cancellationToken) => _log.Reader.ReadAllAsync(cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
