using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class StartUpTests
{
    private const long Ms = 1_000_000;

    // The plan declares 2,000 ms cold and 1,000 ms warm; a tenth more is allowed.
    private static readonly Measurement AsDeclared = Given.Measurement(
        "PERF-01", Given.Nanos("cold", 3.Times(2_000 * Ms)), Given.Nanos("warm", 3.Times(1_000 * Ms)), Given.Bytes("cold.read_bytes", 3.Times(11_000_000))) with
    {
        Facts = Given.Facts(("model_bytes", "10900000")),
    };

    [Fact]
    public void A_server_that_answers_after_exactly_the_declared_time_passes()
    {
        var finding = Judged.By(Clauses.StartUp, AsDeclared);

        Judged.Passes(finding);
        Assert.Equal(2_000_000, Judged.Milli(finding, "cold start, slowest of 3"));
        Assert.Equal(2_200_000, finding.Figures[0].LimitMilli);
    }

    [Theory]
    [InlineData("cold", 2_200)]
    [InlineData("warm", 1_100)]
    public void The_limit_itself_passes_and_a_nanosecond_more_fails(string series, long limitMillis)
    {
        Judged.Passes(Judged.By(Clauses.StartUp, AsDeclared.WithSeries(Given.Nanos(series, 3.Times(limitMillis * Ms)))));
        Judged.Measured(Judged.By(Clauses.StartUp, AsDeclared.WithSeries(Given.Nanos(series, 3.Times((limitMillis * Ms) + 1)))));
    }

    [Fact]
    public void A_cold_start_of_one_and_a_half_times_the_declared_time_fails() =>
        Assert.Contains("every one of 3 cold starts", Judged.Measured(Judged.By(Clauses.StartUp, AsDeclared.WithSeries(Given.Nanos("cold", 3.Times(3_000 * Ms))))), StringComparison.Ordinal);

    [Fact]
    public void A_warm_start_presented_as_a_cold_one_decides_nothing() =>
        Assert.Contains("page cache", Judged.Reason(Judged.By(Clauses.StartUp, AsDeclared.WithSeries(Given.Bytes("cold.read_bytes", 11_000_000, 4096, 11_000_000)))), StringComparison.Ordinal);

    [Fact]
    public void Reading_exactly_the_model_is_cold() =>
        Judged.Passes(Judged.By(Clauses.StartUp, AsDeclared.WithSeries(Given.Bytes("cold.read_bytes", 3.Times(10_900_000)))));

    [Fact]
    public void Starts_on_both_sides_of_the_limit_decide_nothing() =>
        Assert.Contains("1 of 3 warm starts", Judged.Reason(Judged.By(Clauses.StartUp, AsDeclared.WithSeries(Given.Nanos("warm", 900 * Ms, 1_000 * Ms, 1_200 * Ms)))), StringComparison.Ordinal);

    [Fact]
    public void A_start_without_an_answer_fails() =>
        Assert.Contains("1 of 3 warm starts without an answer", Judged.Measured(Judged.By(Clauses.StartUp, AsDeclared.WithSeries(Given.Nanos("warm", Ms, Ms, long.MaxValue)))), StringComparison.Ordinal);

    [Fact]
    public void Too_few_starts_decide_nothing() =>
        Assert.Contains("2 warm starts", Judged.Reason(Judged.By(Clauses.StartUp, AsDeclared.WithSeries(Given.Nanos("warm", 2.Times(Ms))))), StringComparison.Ordinal);

    [Fact]
    public void What_was_not_declared_cannot_be_met()
    {
        var plan = Given.Plan with { Declared = Given.Plan.Declared with { ColdStartMillis = null } };

        Assert.Contains("declares no cold start", Judged.Reason(Judged.By(Clauses.StartUp, AsDeclared, plan)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_declaration_beyond_all_bounds_does_not_overflow() =>
        Judged.Passes(Judged.By(Clauses.StartUp, AsDeclared, Given.Plan with { Declared = new(long.MaxValue, long.MaxValue) }));

    [Fact]
    public void Evidence_that_cannot_be_believed_decides_nothing() =>
        Assert.All(
            new[]
            {
                AsDeclared.Without("cold"),
                AsDeclared.Without("warm"),
                AsDeclared.Without("cold.read_bytes"),
                AsDeclared.WithoutFact("model_bytes"),
                AsDeclared.WithFact("model_bytes", "0"),
                AsDeclared.WithFact("model_bytes", "much"),
                AsDeclared.WithSeries(Given.Bytes("cold.read_bytes", 2.Times(11_000_000))),
                AsDeclared.WithSeries(Given.Nanos("cold", Ms, Ms, -1)),
                AsDeclared.WithSeries(Given.Bytes("cold", 3.Times(Ms))),
            },
            measurement => Judged.Reason(Judged.By(Clauses.StartUp, measurement)));
}
