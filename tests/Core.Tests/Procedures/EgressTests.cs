using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class EgressTests
{
    private static readonly Measurement Silent = Given.Measurement(
        "SEC-03", Given.Counts("packets_out", 0, 0), Given.Counts("refused", 0, 0), Given.Counts("asked", 24, 24), Given.Counts("answered", 24, 24));

    [Fact]
    public void A_server_that_works_and_sends_nothing_passes() => Judged.Passes(Judged.By(Clauses.Egress, Silent));

    [Fact]
    public void One_packet_in_one_deployment_fails() =>
        Assert.Equal("1 packets sent out", Judged.Measured(Judged.By(Clauses.Egress, Silent.WithSeries(Given.Counts("packets_out", 0, 1)))));

    [Fact]
    public void A_name_looked_up_for_telemetry_while_loading_fails_though_no_packet_left() =>
        Assert.Contains("no route", Judged.Measured(Judged.By(Clauses.Egress, Silent.WithSeries(Given.Counts("refused", 2, 0)))), StringComparison.Ordinal);

    [Fact]
    public void A_server_that_does_not_answer_without_a_network_fails() =>
        Assert.Equal(
            "does not work without a network: 23 of 24 requests answered",
            Judged.Measured(Judged.By(Clauses.Egress, Silent.WithSeries(Given.Counts("answered", 24, 23)))));

    [Fact]
    public void Counters_that_could_not_be_read_decide_nothing()
    {
        var remote = Given.Measurement("SEC-03") with { Facts = Given.Facts(("unreadable", "the container engine is remote")) };

        Assert.Contains("the container engine is remote", Judged.Reason(Judged.By(Clauses.Egress, remote)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_packet_that_was_seen_is_not_forgotten_because_something_else_was_unreadable() =>
        Judged.Measured(Judged.By(Clauses.Egress, Silent.WithSeries(Given.Counts("packets_out", 0, 7)).WithFact("unreadable", "namespace gone")));

    [Fact]
    public void Both_sides_of_a_limit()
    {
        var clause = Clauses.Egress with { Limits = Clauses.Egress.Limits.SetItem("packets_max", 3) };

        Judged.Passes(Judged.By(clause, Silent.WithSeries(Given.Counts("packets_out", 1, 2))));
        Judged.Measured(Judged.By(clause, Silent.WithSeries(Given.Counts("packets_out", 2, 2))));
    }

    [Fact]
    public void Evidence_that_cannot_be_believed_decides_nothing() =>
        Assert.All(
            new[]
            {
                Silent.Without("packets_out"),
                Silent.Without("refused"),
                Silent.Without("asked"),
                Silent.Without("answered"),
                Silent.WithSeries(Given.Counts("refused", 0)),
                Silent.WithSeries(Given.Counts("packets_out", 0, -3)),
                Silent.WithSeries(Given.Counts("asked", 24, 0)).WithSeries(Given.Counts("answered", 24, 0)),
                Silent.WithSeries(Given.Counts("answered", 24, 25)),
                Silent.WithSeries(Given.Bytes("packets_out", 0, 0)),
                Given.Measurement("SEC-03", Given.Counts("packets_out"), Given.Counts("refused"), Given.Counts("asked"), Given.Counts("answered")),
            },
            measurement => Judged.Reason(Judged.By(Clauses.Egress, measurement)));
}
