using Adaptation.Core;
using Adaptation.Testing;

namespace Adaptation.Runner.Tests;

/// <summary>What a profile declares of energy and of its site: read in whole units, or refused by its key.</summary>
public sealed class DeclaredEnergyTests
{
    [Theory]
    [InlineData("5mJ", 5_000)]
    [InlineData("0.9J", 900_000)]
    [InlineData("0.001mJ", 1)]
    public void Declared_energy_is_read_in_millionths_of_a_joule(string energy, long microjoules) =>
        Assert.Equal(microjoules, Declared($"energy: {energy}").EnergyMicrojoules);

    [Theory]
    [InlineData("1", 1000)]
    [InlineData("1.275", 1275)]
    [InlineData("\"10\"", 10_000)]
    public void A_PUE_is_read_in_thousandths_with_who_says_it_and_for_when(string value, long milli) =>
        Assert.Equal(new DeclaredPue(milli, "meter of hall 2", "2025"), Declared($"pue: {{value: {value}, source: meter of hall 2, period: \"2025\"}}").Pue);

    [Fact] // what is not declared is absent: neither a PUE of 1 nor an energy of 0
    public void What_is_not_declared_of_energy_stays_unknown() => Assert.Equal((null, null), (Declared("throughput: 1/s").EnergyMicrojoules, Declared("throughput: 1/s").Pue));

    public static TheoryData<string, string> Mistakes => new()
    {
        { "energy: 5", "declared.energy" },
        { "energy: 0J", "declared.energy" },
        { "energy: -1mJ", "declared.energy" },
        { "energy: 5 W", "declared.energy" },
        { "energy: [1J]", "declared.energy" },
        { "pue: 1.3", "declared.pue" },
        { "pue: {value: 1.3, period: \"2025\"}", "declared.pue.source" },
        { "pue: {value: 1.3, source: meter}", "declared.pue.period" },
        { "pue: {source: meter, period: \"2025\"}", "declared.pue.value" },
        { "pue: {value: 0.99, source: meter, period: \"2025\"}", "declared.pue.value" },
        { "pue: {value: 130, source: meter, period: \"2025\"}", "declared.pue.value" },
        { "pue: {value: 1.3e0, source: meter, period: \"2025\"}", "declared.pue.value" },
        { "pue: {value: 1.2345, source: meter, period: \"2025\"}", "declared.pue.value" },
        { "pue: {value: NaN, source: meter, period: \"2025\"}", "declared.pue.value" },
        { "pue: {value: 1.3, source: \" \", period: \"2025\"}", "declared.pue.source" },
        { "pue: {value: 1.3, source: meter, period: \"\"}", "declared.pue.period" },
        { "pue: {value: 1.3, source: meter, period: \"2025\", site: a}", "declared.pue.site" },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void Each_mistake_is_named_with_its_key(string declared, string key)
    {
        var (_, problems) = Read(declared);
        Assert.Contains(problems, problem => problem.Key == key && problem.Line > 0 && problem.File == "p.yaml");
    }

    private static Declaration Declared(string declared)
    {
        var (profile, problems) = Read(declared);
        Assert.Empty(problems);
        return profile!.Declared;
    }

    private static (Profile? Profile, List<Problem> Problems) Read(string declared)
    {
        using var folder = new TempFolder();
        var problems = new List<Problem>();
        return (ProfileReader.TryRead(folder.Write("p.yaml", GivenRun.Profile.Replace("throughput: 1/s", declared, StringComparison.Ordinal)), "p.yaml", Golden.Root, problems), problems);
    }
}
