using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host.Tests;

/// <summary>The sampler against distributions computed here in another way: sorted, in order of the definitions, with the library's exponential.</summary>
public sealed class SamplerTests
{
    /// <summary>Chi-square quantile at 1 - 1e-6 by Wilson and Hilferty: no cell of a right sampler exceeds it in a lifetime of runs, and seeds are fixed anyway.</summary>
    private const double Z = 4.753424;

    private const int Draws = 20_000;

    public static TheoryData<int, double, int, double, double, double> Cells
    {
        get
        {
            var cells = new TheoryData<int, double, int, double, double, double>();
            foreach (var size in (int[])[2, 13, 257, 1500])
            {
                foreach (var (temperature, topK, topP) in ((double, int, double)[])[
                    (1, 0, 1), (0.7, 0, 1), (2, 0, 1), (1, 1, 1), (1, 5, 1), (1.3, 40, 1), (1, 0, 0.9), (0.5, 0, 0.5), (1, 20, 0.8), (1, 0, 0), (1, 5000, 1), (1.5, 7, 0.99)])
                {
                    cells.Add(size, temperature, topK, topP, 0, 0);
                    if (size < 1000)
                        cells.Add(size, temperature, topK, topP, 5, 0.5);
                }
            }
            return cells;
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void Draws_follow_the_exact_distribution_and_stay_in_its_support(int size, double temperature, int topK, double topP, double bias, double penalty)
    {
        var logits = Given.Logits(size, seed: size);
        var spec = new SamplingSpec
        {
            Temperature = temperature,
            TopK = topK,
            TopP = topP,
            Bias = bias == 0 ? [] : [new(0, bias), new(size - 1, -bias)],
            PresencePenalty = penalty,
            FrequencyPenalty = penalty / 2,
        };
        var expected = Expected.Distribution(logits, spec, new Dictionary<int, int> { [1] = 1 });
        var without = Expected.Distribution(logits, spec, []);

        var (counts, sampler) = (new long[size], new Sampler(size));
        for (var draw = 0; draw < Draws; draw++)
        {
            var sequence = new SampledSequence(spec with { Seed = 4711 }, (ulong)draw);
            if (penalty != 0)
                sequence.Record(1);
            counts[sampler.Draw(logits, sequence, forbidden: null)]++;
        }

        var distribution = penalty != 0 ? expected : without;
        Assert.All(Enumerable.Range(0, size), id => Assert.True(distribution[id] > 0 || counts[id] == 0, $"{id} is outside the support and was drawn"));
        var (statistic, freedom) = ChiSquare(counts, distribution);
        Assert.True(freedom == 0 || statistic <= Limit(freedom), $"chi-square {statistic} with {freedom} degrees of freedom exceeds {Limit(freedom)}");
    }

    [Fact]
    public void The_same_chi_square_rejects_a_sampler_that_applies_the_temperature_twice()
    {
        var (logits, sampler, counts) = (Given.Logits(257, seed: 257), new Sampler(257), new long[257]);
        for (var draw = 0; draw < Draws; draw++)
            counts[sampler.Draw(logits, new(new() { Temperature = 0.64, Seed = 1 }, (ulong)draw), forbidden: null)]++;

        var (statistic, freedom) = ChiSquare(counts, Expected.Distribution(logits, new() { Temperature = 0.8 }, []));

        Assert.True(statistic > Limit(freedom), $"chi-square {statistic} with {freedom} degrees of freedom is within {Limit(freedom)}");
    }

    [Fact]
    public void Successive_draws_of_one_sequence_are_independent()
    {
        var (sampler, sequence, pairs) = (new Sampler(4), new SampledSequence(new() { Seed = 99 }, 0), new long[16]);
        var last = 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            var next = sampler.Draw([0, 0, 0, 0], sequence, forbidden: null);
            if (draw > 0)
                pairs[(4 * last) + next]++;
            last = next;
        }

        var (statistic, freedom) = ChiSquare(pairs, [.. Enumerable.Repeat(1.0 / 16, 16)]);

        Assert.Equal(15, freedom);
        Assert.True(statistic <= Limit(freedom), $"chi-square {statistic}");
    }

    [Fact]
    public void Greedy_takes_the_lowest_of_equals_wherever_they_are()
    {
        var (sampler, logits) = (new Sampler(100), new float[100]);
        foreach (var (first, second) in ((int, int)[])[(3, 4), (0, 99), (15, 16), (97, 98), (40, 90)])
        {
            Array.Fill(logits, -1);
            logits[first] = logits[second] = 2.5f;

            Assert.Equal(first, sampler.Draw(logits, new(new() { Temperature = 0 }, 0), forbidden: null));
            Assert.Equal(first, sampler.Draw(logits, new(new() { Temperature = 1, TopK = 1 }, 0), forbidden: null));
            Assert.Equal(first, sampler.Draw(logits, new(new() { Temperature = 1, TopP = 0 }, 0), forbidden: null));
        }
    }

    [Fact]
    public void Zeros_of_both_signs_are_equal() =>
        Assert.Equal(1, new Sampler(4).Draw([-1, -0f, 0f, -2], new(new() { Temperature = 0 }, 0), forbidden: null));

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "plus infinity")]
    public void A_logit_that_is_no_number_is_refused_at_every_place(float bad, string said)
    {
        var sampler = new Sampler(37);
        for (var place = 0; place < 37; place++)
        {
            var logits = new float[37];
            logits[place] = bad;
            foreach (var temperature in (double[])[0, 1])
            {
                var refused = Assert.Throws<AdapterException>(() => sampler.Draw(logits, new(new() { Temperature = temperature }, 0), forbidden: null));
                Assert.Contains(said, refused.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Logits_that_leave_no_token_are_refused()
    {
        float[] none = [float.NegativeInfinity, float.NegativeInfinity];

        Assert.Throws<AdapterException>(() => new Sampler(2).Draw(none, new(new(), 0), forbidden: null));
        Assert.Throws<AdapterException>(() => new Sampler(2).Draw([1, 2], new(new(), 0), forbidden: new HashSet<int> { 0, 1 }));
        Assert.Throws<ArgumentException>(() => new Sampler(2).Draw([1], new(new(), 0), forbidden: null));
    }

    [Fact]
    public void What_cannot_follow_or_is_forbidden_is_never_drawn()
    {
        var sampler = new Sampler(5);
        for (var draw = 0UL; draw < 2000; draw++)
        {
            var sequence = new SampledSequence(new() { Temperature = 2, Seed = draw }, draw);
            Assert.Contains(sampler.Draw([0, float.NegativeInfinity, 0, 0, 9], sequence, forbidden: new HashSet<int> { 4 }), new[] { 0, 2, 3 });
        }
    }

    [Fact]
    public void Equal_logits_with_the_narrowest_top_p_leave_the_lowest_id() =>
        Assert.Equal(0, new Sampler(1000).Draw(new float[1000], new(new() { TopP = 0, Seed = 5 }, 3), forbidden: null));

    [Fact]
    public void The_smallest_temperature_is_greedy() =>
        Assert.Equal(2, new Sampler(3).Draw([0, 1, 1.0001f], new(new() { Temperature = double.Epsilon, Seed = 5 }, 3), forbidden: null));

    [Fact]
    public void A_draw_depends_on_seed_stream_and_place_and_on_nothing_else()
    {
        var logits = Given.Logits(300, seed: 1);
        int[] Take(ulong seed, ulong stream, Sampler sampler, bool interleaved)
        {
            var (mine, other) = (new SampledSequence(new() { Seed = seed, Temperature = 1.5 }, stream), new SampledSequence(new() { Seed = 77 }, 9));
            return [.. Enumerable.Range(0, 50).Select(_ =>
            {
                if (interleaved)
                    sampler.Draw(logits, other, forbidden: null);
                return sampler.Draw(logits, mine, forbidden: null);
            })];
        }

        var alone = Take(1, 2, new(300), interleaved: false);

        Assert.Equal(alone, Take(1, 2, new(300), interleaved: true));
        Assert.NotEqual(alone, Take(2, 2, new(300), interleaved: false));
        Assert.NotEqual(alone, Take(1, 3, new(300), interleaved: false));
    }

    [Fact]
    public void A_fixed_seed_gives_the_tokens_that_it_gave_on_the_first_machine()
    {
        var (sampler, sequence, logits) = (new Sampler(300), new SampledSequence(new() { Seed = 20260501, Temperature = 1.2, TopP = 0.95 }, 7), Given.Logits(300, seed: 3));

        var drawn = Enumerable.Range(0, 5).Select(_ => sampler.Draw(logits, sequence, forbidden: null)).ToArray();

        Assert.Equal(Known, drawn);
    }

    private static readonly int[] Known = [63, 271, 89, 282, 217];

    private static double Limit(int freedom) => freedom * Math.Pow(1 - (2.0 / (9 * freedom)) + (Z * Math.Sqrt(2.0 / (9 * freedom))), 3);

    private static (double Statistic, int Freedom) ChiSquare(long[] counts, double[] distribution)
    {
        var (total, statistic, cells) = ((double)counts.Sum(), 0.0, 0);
        var (restSeen, restExpected) = (0.0, 0.0);
        for (var id = 0; id < counts.Length; id++)
        {
            var expected = distribution[id] * total;
            if (expected < 8)
            {
                restSeen += counts[id]; // small cells are judged together
                restExpected += expected;
                continue;
            }
            statistic += Math.Pow(counts[id] - expected, 2) / expected;
            cells++;
        }
        if (restExpected >= 8)
        {
            statistic += Math.Pow(restSeen - restExpected, 2) / restExpected;
            cells++;
        }
        return (statistic, Math.Max(0, cells - 1));
    }
}
