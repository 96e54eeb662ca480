using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host.Tests;

public sealed class StableExpTests
{
    [Fact]
    public void It_agrees_with_the_library_within_two_units_in_the_last_place()
    {
        for (var step = 0; step <= 70_000; step++)
        {
            var x = -step / 100.0;
            Assert.InRange(StableExp.Of(x), Math.Exp(x) * (1 - 5e-16), Math.Exp(x) * (1 + 5e-16));
        }
    }

    [Fact]
    public void Its_ends_are_exact()
    {
        Assert.Equal(1, StableExp.Of(0.0));
        Assert.Equal(0, StableExp.Of(double.NegativeInfinity));
        Assert.Equal(0, StableExp.Of(-1e308));
        Assert.True(StableExp.Of(StableExp.Least + 1e-9) > 0);
    }
}

public sealed class LogitsTests
{
    [Fact]
    public void The_logarithm_of_the_sum_is_that_of_the_definition()
    {
        var logits = Given.Logits(1003, seed: 8);

        Assert.Equal(Math.Log(logits.Sum(value => Math.Exp(value))), Logits.LogSum(logits), 12);
    }

    [Fact]
    public void The_top_is_in_order_and_of_equals_has_the_lowest()
    {
        var logits = Given.Logits(500, seed: 8);

        var top = Logits.Top(logits, 20);

        Assert.Equal(Enumerable.Range(0, 500).OrderByDescending(id => logits[id]).ThenBy(id => id).Take(20), top);
        Assert.Empty(Logits.Top(logits, 0));
        Assert.Equal(2, Logits.Top([1, 2], 20).Length);
    }
}
