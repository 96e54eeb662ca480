using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner.Tests;

public class OperatorFormatTests
{
    [Fact]
    public void A_case_that_torch_has_no_equal_of_is_not_asked_as_an_empty_source()
    {
        var profile = new List<Problem>() is var problems && RunInputs.TryReadProfile(Testing.Golden.Root, "generic/x64-libtorch", problems) is { } stand ? stand.Profile : throw new InvalidOperationException($"{problems[0]}");
        var format = OperatorFormat.TryOf(profile.Server, out _)!;
        var cases = OperatorCases.Generate(new() { Seed = 1, Operators = ["Pad"], DataTypes = ["INT64"] }).ToArray();

        Assert.Contains(cases, one => one.TorchScript is null);
        Assert.All(cases, one => Assert.Equal(one.TorchScript is null, format.Content(one) is null));
    }
}
