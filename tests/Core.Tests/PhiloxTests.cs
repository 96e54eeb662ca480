namespace Adaptation.Core.Tests;

public sealed class PhiloxTests
{
    /// <summary>The published answers of the generator's authors (Random123, kat_vectors, philox4x32 with 10 rounds).</summary>
    [Theory]
    [InlineData(0ul, 0ul, 0ul, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x299f31d0a4093822ul, 0x85a308d3243f6a88ul, 0x0370734413198a2eul, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void It_gives_the_published_answers(ulong key, ulong counter, ulong stream, uint x0, uint x1, uint x2, uint x3) =>
        Assert.Equal((x0, x1, x2, x3), Philox.Words(key, counter, stream));

    [Fact]
    public void Numbers_are_at_least_0_and_below_1()
    {
        for (var index = 0UL; index < 10_000; index++)
            Assert.InRange(Philox.Uniform(index, index, index * 31), 0, 1 - double.Epsilon);
    }

    [Theory]
    [InlineData(42, 0, 1, 0.1262498542224193)]
    [InlineData(42, 1, 1, 0.9914873587267705)]
    [InlineData(42, 5, 2, 0.3573142158827085)]
    public void A_number_is_the_upper_53_bits_of_the_first_two_words(ulong key, ulong counter, ulong stream, double uniform) =>
        Assert.Equal(uniform, Philox.Uniform(key, counter, stream)); // from a program of its own
}
