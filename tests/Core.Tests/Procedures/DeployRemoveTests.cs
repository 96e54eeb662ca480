using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class DeployRemoveTests
{
    private static readonly Measurement Clean =
        Given.Measurement("OPS-01", Given.Counts("residue", 0, 0, 0), Given.Counts("manual_steps", 0, 0, 0));

    [Fact]
    public void A_profile_that_deploys_and_removes_clean_passes() => Judged.Passes(Judged.By(Clauses.DeployRemove, Clean));

    [Fact]
    public void A_volume_left_behind_once_is_named_and_fails()
    {
        var finding = Judged.By(Clauses.DeployRemove, Clean.WithSeries(Given.Counts("residue", 0, 1, 0)).WithFact("residue.2", "volume run-1-cache"));

        Assert.Contains("volume run-1-cache", Judged.Measured(finding), StringComparison.Ordinal);
        Assert.Equal(1000, Judged.Milli(finding, "residue after removal"));
    }

    [Fact]
    public void A_driver_path_edited_by_hand_fails() =>
        Assert.Equal("1 steps by hand", Judged.Measured(Judged.By(Clauses.DeployRemove, Clean.WithSeries(Given.Counts("manual_steps", 1, 0, 0)))));

    [Fact]
    public void What_is_named_and_not_counted_contradicts_itself() =>
        Assert.Contains("volume x", Judged.Reason(Judged.By(Clauses.DeployRemove, Clean.WithFact("residue.1", "volume x"))), StringComparison.Ordinal);

    [Fact]
    public void Both_sides_of_a_limit()
    {
        var clause = Clauses.DeployRemove with { Limits = Clauses.DeployRemove.Limits.SetItem("residue_max", 2) };

        Judged.Passes(Judged.By(clause, Clean.WithSeries(Given.Counts("residue", 1, 1, 0))));
        Assert.IsType<Verdict.Fail>(Judged.By(clause, Clean.WithSeries(Given.Counts("residue", 1, 1, 1))).Verdict);
    }

    [Fact]
    public void Counts_that_overflow_do_not_wrap_into_a_pass() =>
        Assert.IsType<Verdict.Fail>(Judged.By(Clauses.DeployRemove, Clean.WithSeries(Given.Counts("residue", long.MaxValue, long.MaxValue, 2))).Verdict);

    [Fact]
    public void Evidence_that_cannot_be_believed_decides_nothing() =>
        Assert.All(
            new[]
            {
                Clean.Without("residue"),
                Clean.Without("manual_steps"),
                Clean.WithSeries(Given.Counts("residue")).WithSeries(Given.Counts("manual_steps")),
                Clean.WithSeries(Given.Counts("residue", 0, 0)),
                Clean.WithSeries(Given.Counts("residue", 0, -1, 0)),
                Clean.WithSeries(Given.Nanos("residue", 0, 0, 0)),
            },
            measurement => Judged.Reason(Judged.By(Clauses.DeployRemove, measurement)));
}
