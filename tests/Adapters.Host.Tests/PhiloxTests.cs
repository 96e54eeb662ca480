using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host.Tests;

public sealed class PhiloxTests
{
    /// <summary>The published answers of the generator's authors (Random123, kat_vectors, philox4x32 with 10 rounds).</summary>
    [Fact]
    public void It_gives_the_published_answers()
    {
        Assert.Equal((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), Philox.Words((0, 0, 0, 0), (0, 0)));
        Assert.Equal(
            (0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu),
            Philox.Words((uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue), (uint.MaxValue, uint.MaxValue)));
        Assert.Equal(
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            Philox.Words((0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), (0xa4093822, 0x299f31d0)));
    }

    [Fact]
    public void Numbers_are_at_least_0_and_below_1()
    {
        for (var index = 0UL; index < 10_000; index++)
            Assert.InRange(Philox.Uniform(index, index * 31, index), 0, 1 - double.Epsilon);
    }
}

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
