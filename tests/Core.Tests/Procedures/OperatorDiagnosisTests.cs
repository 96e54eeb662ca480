using System.Collections.Immutable;

namespace Adaptation.Core.Tests;

/// <summary>Wrong answers to one product, and what the reason says that they have in common.</summary>
public sealed class OperatorDiagnosisTests
{
    [Theory]
    [InlineData("FP32", 1.01, "every element is 1.01 times what it should be (in mul-fp32)")]
    [InlineData("FP32", 0.999, "every element is 0.999 times what it should be (in mul-fp32)")]
    [InlineData("FP16", 1.01, "every element is 1.01 times what it should be (in mul-fp16)")]
    [InlineData("BF16", 1.05, "every element is 1.05 times what it should be (in mul-bf16)")]
    [InlineData("FP32", 0.0, "every element is 0 (in mul-fp32)")]
    public void A_factor_is_named(string type, double factor, string said) => Assert.Equal([said], Causes(type, (value, _) => value * factor));

    [Theory]
    [InlineData(11)]
    [InlineData(8)]
    [InlineData(4)]
    public void A_narrower_type_is_named_by_its_bits(int bits) =>
        Assert.Equal([$"no result has more than {bits} significant bits (in mul-fp32)"], Causes("FP32", (value, _) => Nearest(value, bits)));

    [Fact]
    public void Results_that_were_cut_off_are_named() =>
        Assert.Equal(["every error lies towards zero, as if results were cut off instead of rounded (in mul-fp32)"], Causes("FP32", CutOff));

    [Fact]
    public void A_part_that_is_wrong_is_named_by_its_place() =>
        Assert.Equal(["only the elements [100..199] are wrong (in mul-fp32)"], Causes("FP32", (value, at) => at is >= 100 and < 200 ? -value : value));

    [Fact]
    public void What_is_wrong_everywhere_is_no_part() => Assert.Empty(Causes("FP32", (value, at) => at % 2 == 0 ? value + 5 : value - 5));

    [Fact]
    public void Right_answers_have_nothing_in_common() => Assert.All(OperatorBench.FloatTypes, type => Assert.Empty(Causes(type, (value, _) => value)));

    [Fact]
    public void Errors_here_and_there_have_nothing_in_common() => Assert.Empty(Causes("FP32", (value, at) => at % 7 == 3 ? value + 1 : at % 7 == 5 ? value - 1 : value));

    [Fact]
    public void What_most_cases_show_comes_first_and_the_reason_of_COR_01_begins_with_it()
    {
        var scaled = OperatorBench.Reference.Answering((one, answer) => one.DataType == "FP32" && one.Kind == OperatorKind.Rounded ? OperatorBench.Map("FP32", answer, (value, _) => value * 1.5) : answer);

        Assert.StartsWith("every element is 1.5 times what it should be (in mul-fp32, matmul-fp32); 2 of ", Judged.Measured(scaled.Judge(OperatorBench.Accuracy)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_wrong_cases_show_comes_before_what_more_right_ones_show()
    {
        var one = OperatorBench.Reference.Cases.Single(each => each.Id == "mul-fp32");
        var tolerance = OperatorTolerance.TryOf(OperatorBench.Accuracy, "FP32")!;
        DiagnosedAnswer Case(string id, bool isWrong, Func<double, int, double> change) => new(id, isWrong, tolerance, one.Outputs[0], OperatorBench.Map("FP32", OperatorBench.First(one), change));

        var causes = OperatorDiagnosis.Of([Case("a", false, CutOff), Case("b", false, CutOff), Case("c", true, (value, at) => at is >= 100 and < 200 ? -value : value)]);

        Assert.Equal(["only the elements [100..199] are wrong (in c)", "every error lies towards zero, as if results were cut off instead of rounded (in a, b)"], causes);
    }

    [Fact]
    public void An_answer_that_holds_what_is_no_number_is_left_to_other_clauses() => Assert.Empty(Causes("FP32", (value, at) => at == 0 ? double.NaN : value * 2));

    private static double CutOff(double value, int at) => value * (1 - Math.ScaleB(1 + (at % 3), -22));

    private static double Nearest(double value, int bits)
    {
        var step = Math.ScaleB(1, Math.ILogB(value) - bits + 1);
        return Math.Round(value / step) * step;
    }

    private static ImmutableArray<string> Causes(string type, Func<double, int, double> change)
    {
        var one = OperatorBench.Reference.Cases.Single(each => each.Id == $"mul-{type.ToLowerInvariant()}");
        var tolerance = OperatorTolerance.TryOf(OperatorBench.Accuracy, type)!;
        return OperatorDiagnosis.Of([new(one.Id, true, tolerance, one.Outputs[0], OperatorBench.Map(type, OperatorBench.First(one), change))]);
    }
}
