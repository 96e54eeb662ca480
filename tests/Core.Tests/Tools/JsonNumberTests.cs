using System.Globalization;
using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class JsonNumberTests
{
    [Fact]
    public void Spellings_of_one_value_are_one_number()
    {
        foreach (var text in (string[])["120", "120.0", "1.2e2", "1.2E+2", "12e1", "0.12e3", "1200e-1", "0000120".TrimStart('0')])
            Assert.Equal(JsonNumber.Parse("120"), JsonNumber.Parse(text));
        Assert.Equal(JsonNumber.Parse("0"), JsonNumber.Parse("-0.0e999"));
    }

    [Fact]
    public void Order_is_that_of_the_decimals_that_are_written() =>
        Prop.ForAll(Drawn(), Drawn(), (one, two) => Math.Sign(JsonNumber.Parse(Text(one)).ComparedTo(JsonNumber.Parse(Text(two)))) == Math.Sign(Exact(one).CompareTo(Exact(two))))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Multiples_are_those_of_exact_fractions() =>
        Prop.ForAll(Drawn(), Drawn(), (one, two) => two.Digits <= 0 || JsonNumber.Parse(Text(one)).IsMultipleOf(JsonNumber.Parse(Text(two))) == (Exact(one) % Exact(two) == 0))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Integers_are_what_has_no_fraction() =>
        Prop.ForAll(Drawn(), one => JsonNumber.Parse(Text(one)).IsInteger == (Exact(one) % Exact((1, 0)) == 0)).QuickCheckThrowOnFailure();

    private static Arbitrary<(int Digits, int Exponent)> Drawn() =>
        Gen.Zip(Gen.Choose(-3000, 3000), Gen.Choose(-6, 6)).Select(pair => (pair.Item1, pair.Item2)).ToArbitrary();

    private static string Text((int Digits, int Exponent) number) => string.Create(CultureInfo.InvariantCulture, $"{number.Digits}e{number.Exponent}");

    /// <summary>In units of 1e-6.</summary>
    private static BigInteger Exact((int Digits, int Exponent) number) => number.Digits * BigInteger.Pow(10, number.Exponent + 6);
}
