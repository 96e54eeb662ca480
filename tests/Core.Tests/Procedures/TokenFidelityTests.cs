using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class TokenFidelityTests
{
    private static readonly Measurement Sound = Given.Measurement("COR-16") with
    {
        Facts = Given.Facts(
            ("cases", "3"),
            ("case.template.expected", "<|im_start|>system\nA<|im_end|>\n"), ("case.template.seen", "<|im_start|>system\nA<|im_end|>\n"),
            ("case.ids.expected", "1 2 3"), ("case.ids.seen", "1 2 3"),
            ("case.seed.expected", "200 same text twice"), ("case.seed.expected.2", "400"), ("case.seed.seen", "400")),
    };

    [Fact]
    public void The_published_template_and_a_rejected_parameter_pass()
    {
        var finding = Judged.By(Clauses.TokenFidelity, Sound);

        Judged.Passes(finding);
        Assert.Equal(3_000, Judged.Milli(finding, "golden cases"));
    }

    [Fact]
    public void A_server_that_ignores_the_seed_and_answers_200_fails() =>
        Assert.Contains("seed: seen 200 another text", Judged.Measured(Judged.By(Clauses.TokenFidelity, Sound.WithFact("case.seed.seen", "200 another text"))), StringComparison.Ordinal);

    [Fact]
    public void What_makes_other_cases_fail_is_told_first() =>
        Assert.Contains(
            "2 of 3 cases differ: seed: seen 200 another text",
            Judged.Measured(Judged.By(Clauses.TokenFidelity, Sound.WithFact("case.seed.seen", "200 another text").WithFact("case.ids.seen", "4"))), StringComparison.Ordinal);

    [Fact]
    public void A_template_without_the_system_turn_fails() =>
        Assert.Contains("1 of 3", Judged.Measured(Judged.By(Clauses.TokenFidelity, Sound.WithFact("case.template.seen", ""))), StringComparison.Ordinal);

    [Fact]
    public void Ids_without_the_special_tokens_fail() => Judged.Measured(Judged.By(Clauses.TokenFidelity, Sound.WithFact("case.ids.seen", "27 91 3")));

    [Fact]
    public void Both_sides_of_a_limit()
    {
        var clause = Clauses.TokenFidelity with { Limits = Clauses.TokenFidelity.Limits.SetItem("mismatches_max", 1) };
        var one = Sound.WithFact("case.ids.seen", "");

        Judged.Passes(Judged.By(clause, one));
        Judged.Measured(Judged.By(clause, one.WithFact("case.template.seen", "")));
    }

    [Fact]
    public void Evidence_with_a_gap_decides_nothing() =>
        Assert.All(
            new[]
            {
                Sound.WithoutFact("cases"),
                Sound.WithFact("cases", "4"),
                Sound.WithoutFact("case.ids.seen"),
                Sound.WithoutFact("case.ids.expected"),
                Sound.WithoutFact("case.ids.expected").WithoutFact("case.ids.seen"),
                Sound.WithoutFact("case.ids.expected").WithoutFact("case.ids.seen").WithFact("cases", "2"),
                Sound.WithFact("case.other.seen", "1"),
                Sound.WithFact("case.seed.expected.x", "200 another text").WithFact("case.seed.seen", "200 another text"),
            },
            measurement => Judged.Reason(Judged.By(Clauses.TokenFidelity, measurement)));
}
