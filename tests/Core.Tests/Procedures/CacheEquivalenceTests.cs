using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class CacheEquivalenceTests
{
    private static readonly string[] Starts = [CacheStarts.Cold, CacheStarts.Warm, CacheStarts.BitFlipped, CacheStarts.Cut, CacheStarts.Swapped, CacheStarts.Emptied];

    /// <summary>Two files and an empty one, as a cold start left them.</summary>
    private static readonly CacheFile[] Written = [File("a.bin", 100, 'a'), File("b/c.bin", 50, 'b'), File("lock", 0, 'e')];

    private static readonly Plan Claiming = Given.Plan with
    {
        Cache = "/var/cache/engine",
        Golden = Given.Plan.Golden with { Lines = [new("line", "golden/expected/line.f32.gz", [2], "")] },
        Declared = Given.Plan.Declared with { Deterministic = true },
    };

    private static readonly Plan Silent = Claiming with { Declared = Given.Plan.Declared };

    public static TheoryData<string> AllButCold => [.. Starts.Skip(1)];

    public static TheoryData<string> Damages => [.. Starts.Skip(2)];

    [Fact]
    public void Equal_answers_after_every_start_pass_and_need_no_word_more()
    {
        var finding = Tried.Alike(1f, 2f).Judge(Claiming);

        Judged.Passes(finding);
        Assert.Null(finding.Note);
        Assert.Equal((0, 5_000, 3_000), (
            Judged.Milli(finding, "answers that differ from a cold start's"), Judged.Milli(finding, "answers compared"), Judged.Milli(finding, "files in the cache after a cold start")));
        Judged.Passes(Tried.Alike(float.NaN, 2f).Judge(Claiming)); // whether it is right is for other clauses
    }

    [Fact]
    public void One_byte_that_differs_once_the_cache_is_warm_fails_where_determinism_is_claimed()
    {
        var finding = Tried.Alike(1f, 2f).Answering(CacheStarts.Warm, 1f, MathF.BitIncrement(2f)).Judge(Claiming);

        Assert.Equal("answers differ once the cache is warm: of line the largest difference is 2.384e-7; 1 of 5 answers differ", Judged.Measured(finding));
        Assert.Equal("the cold start's answers to the byte, since the profile declares `deterministic`", Assert.IsType<Verdict.Fail>(finding.Verdict).Limit);
    }

    [Theory]
    [InlineData(CacheStarts.BitFlipped, "file a.bin, one bit flipped")]
    [InlineData(CacheStarts.Cut, "file b/c.bin, a.bin, cut to half")]
    [InlineData(CacheStarts.Swapped, "file b/c.bin, a.bin, given another file's content")]
    [InlineData(CacheStarts.Emptied, "file a.bin, emptied")]
    public void Another_answer_with_a_damaged_cache_fails_and_the_damage_is_named(string damage, string said) =>
        Assert.StartsWith($"answers differ once the cache is damaged ({said}): of line", Judged.Measured(Tried.Alike(1f, 2f).Answering(damage, 1f, 2.1f).Judge(Silent)), StringComparison.Ordinal);

    [Theory, MemberData(nameof(AllButCold))]
    public void Without_a_claim_elements_may_differ_by_the_golden_pack_s_tolerance_and_no_more(string start)
    {
        var near = Tried.Alike(1f, 2f).Answering(start, 1.0009f, 2f).Judge(Silent);
        Judged.Passes(near);
        Assert.InRange(Judged.Milli(near, "largest distance from a cold start's"), 899_000_000, 901_000_000);
        Assert.Contains("1 of 2 elements differ", Judged.Measured(Tried.Alike(1f, 2f).Answering(start, 1.0011f, 2f).Judge(Silent)), StringComparison.Ordinal);
        Judged.Measured(Tried.Alike(1f, 2f).Answering(start, float.NaN, 2f).Judge(Silent));
        Judged.Measured(Tried.Alike(1f, float.NaN).Answering(start, 1f, 2f).Judge(Silent));
        Judged.Measured(Tried.Alike(1f, 2f).Answering(start, 1f).Judge(Silent)); // another shape
        Judged.Measured(Tried.Alike(1f, 2f).Answering(start, 1.0009f, 2f).Judge(Claiming));
    }

    [Fact]
    public void Each_further_output_of_an_input_is_held_to_its_own_line()
    {
        var pack = Given.Plan.Golden with { Lines = [new("a/y", "", [2], ""), new("b/y", "", [2], ""), new("b/state", "", [2], "") { DataType = "INT32" }] };

        Assert.Equal(["a/y", "b/y", "b/state"], new[] { "a", "b", "b/1" }.Select(answer => pack.Expected(answer)!.Id));
        Assert.All(new[] { "a/1", "b/2", "c", "b/0", "b-1" }, answer => Assert.Null(pack.Expected(answer)));
    }

    [Fact]
    public void A_tolerance_that_the_standard_does_not_allow_decides_nothing() =>
        Assert.Contains("the standard allows", Judged.Reason(Tried.Alike(1f).Judge(Silent with { Golden = Silent.Golden with { RtolPpb = 1_000_001 } })), StringComparison.Ordinal);

    [Theory, MemberData(nameof(Damages))]
    public void A_server_that_ends_on_a_damaged_cache_is_loud_and_not_wrong(string damage)
    {
        var finding = Tried.Alike(1f, 2f).Refusing(damage).Judge(Claiming);

        Judged.Passes(finding);
        Assert.Equal(1_000, Judged.Milli(finding, $"ended or refused: {CacheStarts.Words(damage).En}"));
        Assert.Contains(CacheStarts.Words(damage).En, finding.Note!.En, StringComparison.Ordinal);
        Assert.Contains(CacheStarts.Words(damage).Zh, finding.Note.Zh, StringComparison.Ordinal);
    }

    [Fact]
    public void What_it_answered_before_it_ended_counts_all_the_same() =>
        Judged.Measured(Tried.Alike(1f, 2f).Answering(CacheStarts.Cut, 9f, 9f).With($"refused.{CacheStarts.Cut}", "the server ended with exit code 139").Judge(Claiming));

    [Theory]
    [InlineData(CacheStarts.Cold, "refused", "with an empty cache: no room")]
    [InlineData(CacheStarts.Cold, "broke", "with an empty cache: no room")]
    [InlineData(CacheStarts.Warm, "refused", "with the cache that a cold start wrote: no room")]
    [InlineData(CacheStarts.Warm, "broke", "with the cache that a cold start wrote: no room")]
    [InlineData(CacheStarts.Cut, "broke", "with a damaged cache (file b/c.bin, a.bin, cut to half): no room")]
    public void Whoever_refuses_a_whole_cache_or_hangs_on_any_fails(string start, string how, string said)
    {
        var broken = Tried.Alike(1f, 2f).Without(start).With($"{how}.{start}", "no room");

        Assert.Equal(said, Judged.Measured(broken.Judge(Claiming)));
        // the run goes no further after it
        var cut = Starts.SkipWhile(one => one != start).Skip(1).Aggregate(broken, (all, later) => all.Forgetting(later));
        Assert.Equal(said, Judged.Measured(cut.Judge(Claiming)));
    }

    [Fact]
    public void A_cache_that_stays_empty_is_a_wrong_declaration_and_decides_nothing()
    {
        var cold = Tried.Of([File("lock", 0, 'e')], 1f);
        var alone = Starts.Skip(1).Aggregate(cold, (all, later) => all.Forgetting(later));

        Assert.Contains("wrote nothing into the cache that the profile declares (/var/cache/engine)", Judged.Reason(alone.Judge(Claiming)), StringComparison.Ordinal);
    }

    [Fact]
    public void One_file_alone_cannot_be_swapped_and_is_not_asked_to_be()
    {
        var one = Tried.Of([File("a.bin", 100, 'a')], 1f);

        Judged.Passes(one.Forgetting(CacheStarts.Swapped).Judge(Claiming));
    }

    [Theory, MemberData(nameof(AllButCold))]
    public void A_start_that_is_not_there_decides_nothing(string start) =>
        Assert.Contains(start, Judged.Reason(Tried.Alike(1f, 2f).Forgetting(start).Judge(Claiming)), StringComparison.Ordinal);

    [Fact]
    public void Evidence_that_is_not_whole_decides_nothing()
    {
        var good = Tried.Alike(1f, 2f);
        Assert.All(
            new[]
            {
                good.Forgetting(CacheStarts.Cold),
                good.Less("files.cold.before"), good.Less("files.cold.after"), good.Less("files.warm.before"), good.Less("files.cut.after"),
                good.Less("file.cold.after.a.bin"), good.With("file.cold.after.a.bin", "100 no digest"), good.With("file.cold.after.a.bin", "-1 " + new string('a', 64)),
                good.With("files.cold.before", "1").With("file.cold.before.x", File("x", 1, 'c').State), // was not empty
                good.With("file.warm.before.a.bin", File("a.bin", 100, 'c').State), // not what the cold start left
                good.With("file.bit-flipped.before.a.bin", Written[0].State), // not damaged
                good.With("file.cut.before.a.bin", File("a.bin", 51, 'c').State),
                good.With("file.swapped.before.a.bin", Written[0].State),
                good.With("file.emptied.before.b/c.bin", File("b/c.bin", 0, 'e').State), // another one than is said
                good.Less("container.warm"), good.With("container.warm", good.Measurement.Facts["container.cold"]),
                good.Without(CacheStarts.Warm), good.Without(CacheStarts.Cold).Without(CacheStarts.Warm),
                good with { Files = good.Files.Without("a/warm") }, good with { Files = good.Files.Without("a/cold") },
                good.Adding("warmer.line"), good.Adding("warm.line.2"), good.Adding("warm.other"),
                good.With("unread", "it holds more than 10000 files"),
                new(Given.Measurement("COR-19"), InMemoryFiles.Empty),
            },
            evidence => Judged.Reason(evidence.Judge(Claiming)));
    }

    [Fact]
    public void Logits_may_lie_as_near_as_other_rounding_makes_them_and_no_nearer_claim_is_asked_of_texts()
    {
        var (plan, exact) = (Speaker.Of(1, seed: 3).Plan with { Cache = "/c" }, Speaker.Of(1, seed: 3).Reference[0]);
        Tried Spoken(float off, long last) => Tried.Alike(exact).Named("doc-0").Answering(CacheStarts.Warm, [.. exact.Select((logit, at) => at % 2 == 0 ? logit + off : logit - off)])
            .Saying(start => start == CacheStarts.Warm ? [5, last] : [5, 6]);

        Judged.Passes(Spoken(0f, 6).Judge(plan));
        Judged.Passes(Spoken(0.01f, 7).Judge(plan)); // half a square of 0.01: 5e-5 nat
        Assert.Contains("mean KLD", Judged.Measured(Spoken(0.1f, 6).Judge(plan)), StringComparison.Ordinal);
        Assert.Contains("no number", Judged.Measured(Spoken(float.NaN, 6).Judge(plan)), StringComparison.Ordinal);
        var claiming = plan with { Declared = plan.Declared with { Deterministic = true } };
        Assert.Contains("of text they part after 1 of 2 tokens", Judged.Measured(Spoken(0f, 7).Judge(claiming)), StringComparison.Ordinal);
        Judged.Measured(Spoken(0.01f, 6).Judge(claiming));
        Judged.Measured(Spoken(0.01f, 6).Judge(plan with { Text = null })); // nothing says what these bytes are
    }

    [Fact]
    public void Texts_alone_that_part_decide_nothing_without_a_claim()
    {
        var plan = Speaker.Of(1, seed: 3).Plan;
        Tried Said(long last) => Tried.Alike(1f).Mute().Saying(start => start == CacheStarts.Cut ? [5, last] : [5, 6]);

        Judged.Passes(Said(6).Judge(plan));
        Assert.Contains("declare `deterministic`", Judged.Reason(Said(7).Judge(plan)), StringComparison.Ordinal);
        Judged.Measured(Said(7).Judge(plan with { Declared = plan.Declared with { Deterministic = true } }));
    }

    private static CacheFile File(string name, long bytes, char digit) => new(name, bytes, new string(digit, 64));

    /// <summary>The evidence of six starts.</summary>
    private sealed record Tried(Measurement Measurement, InMemoryFiles Files)
    {
        public static Tried Alike(params float[] answer) => Of(Written, answer);

        public static Tried Of(CacheFile[] written, params float[] answer)
        {
            var (facts, files) = (ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal), InMemoryFiles.Empty);
            foreach (var start in Starts)
            {
                facts[$"container.{start}"] = $"c-{start}";
                List(facts, $"{start}.before", start switch { CacheStarts.Cold => [], CacheStarts.Warm => written, _ => Damaged(start, written) });
                List(facts, $"{start}.after", written);
                files = files.With($"a/{start}", Reader.Bytes(answer));
            }

            var tensors = Starts.Select(start => new TensorFile($"{start}.line", $"a/{start}", "FP32", [answer.Length]));
            return new(Given.Measurement("COR-19") with { Facts = facts.ToImmutable(), Tensors = [.. tensors] }, files);
        }

        public Finding Judge(Plan plan) => Judged.By(Clauses.CacheEquivalence, Measurement, plan, Files);

        public Tried Answering(string start, params float[] answer) => this with
        {
            Files = Files.With($"a/{start}", Reader.Bytes(answer)),
            Measurement = Measurement with { Tensors = [.. Measurement.Tensors.Select(tensor => tensor.Path == $"a/{start}" ? tensor with { Shape = [answer.Length] } : tensor)] },
        };

        public Tried Named(string request) => this with { Measurement = Measurement with { Tensors = [.. Measurement.Tensors.Select(tensor => tensor with { Name = tensor.Name.Replace("line", request, StringComparison.Ordinal) })] } };

        public Tried Saying(Func<string, long[]> tokens) => this with { Measurement = Measurement with { Series = [.. Starts.Select(start => new Series($"{start}.text", "id", [.. tokens(start)]))] } };

        public Tried Mute() => this with { Measurement = Measurement with { Tensors = [] } };

        public Tried Refusing(string start) => Without(start).With($"refused.{start}", "the server ended with exit code 1").Less($"container.{start}");

        public Tried Without(string start) => this with { Measurement = Measurement with { Tensors = Measurement.Tensors.RemoveAll(tensor => tensor.Path == $"a/{start}") } };

        public Tried Adding(string name) => this with { Measurement = Measurement with { Series = Measurement.Series.Add(new(name, "id", [1])) } };

        public Tried With(string fact, string value) => this with { Measurement = Measurement.WithFact(fact, value) };

        public Tried Less(string fact) => this with { Measurement = Measurement.WithoutFact(fact) };

        public Tried Forgetting(string start) => Without(start) is var left ? left with
        {
            Measurement = left.Measurement with { Facts = left.Measurement.Facts.RemoveRange(left.Measurement.Facts.Keys.Where(key => key.Split('.')[1] == start)) },
        } : left;

        private static void List(ImmutableSortedDictionary<string, string>.Builder facts, string moment, IEnumerable<CacheFile> files)
        {
            facts[$"files.{moment}"] = files.Count().ToString(CultureInfo.InvariantCulture);
            foreach (var file in files)
                facts[$"file.{moment}.{file.Name}"] = file.State;
        }

        private static CacheFile[] Damaged(string damage, CacheFile[] written)
        {
            var filled = written.Where(file => file.Bytes > 0).OrderBy(file => file.Bytes).ToArray();
            return [.. written.Select(file => file.Bytes == 0 ? file : damage switch
            {
                CacheStarts.BitFlipped => file == filled[^1] ? file with { Sha256 = new string('f', 64) } : file,
                CacheStarts.Cut => file with { Bytes = file.Bytes / 2, Sha256 = new string('d', 64) },
                CacheStarts.Swapped => filled[(Array.IndexOf(filled, file) + 1) % filled.Length] with { Name = file.Name },
                _ => file == filled[^1] ? file with { Bytes = 0, Sha256 = new string('e', 64) } : file,
            })];
        }
    }
}
