using System.Runtime.InteropServices;

namespace Adaptation.Core.Tests;

/// <summary>The controls of COR-03: what a device adds to the error of the CPU's arithmetic, and what it is not blamed for.</summary>
public sealed class OperatorErrorRatiosTests
{
    private static OperatorBench Good => OperatorBench.Reference;

    [Theory, InlineData("FP32"), InlineData("FP16"), InlineData("BF16")]
    public void Noise_of_three_times_the_reference_s_RMS_error_fails_the_ratios(string type)
    {
        var format = FloatFormat.TryFind(type)!;
        var noisy = Good.Answering((one, answer) => one is { Kind: OperatorKind.Rounded } && one.DataType == type
            ? OperatorBench.Map(type, answer, (value, at) => value + (format.Ulp(value) * (at % 2 == 0 ? 2 : -2))) : answer);

        Judged.Measured(noisy.Judge(OperatorBench.Ratios));
    }

    [Fact]
    public void An_error_that_the_CPU_shares_is_no_bias()
    {
        var shifted = OperatorBench.Map("FP32", OperatorBench.First(Good.Cases.First(one => one.Id == "mul-fp32")), (value, _) => value * (1 + Math.ScaleB(5, -24)));
        OperatorAnswers Shift(OperatorAnswers one) => OperatorBench.With(one, OperatorBench.Twice(shifted));

        Judged.Measured(Good.Change("mul-fp32", Shift).Judge(OperatorBench.Ratios));
        Judged.Passes(Good.Change("mul-fp32", one => Shift(one with { Outputs = [one.Outputs[0] with { Same = shifted }] })).Judge(OperatorBench.Ratios));
    }

    [Fact]
    public void One_large_sum_does_not_decide_for_all_cases_of_its_operator()
    {
        float sum = 50_000;
        var large = Good.Cases.First(one => one.Id == "mul-fp32");
        large = large with { Id = "mul-fp32-large", Outputs = [large.Outputs[0] with { Shape = [1], Exact = BitConverter.GetBytes((double)sum), Same = BitConverter.GetBytes(sum) }] };
        var off = OperatorBench.With(large, OperatorBench.Twice(BitConverter.GetBytes(MathF.BitIncrement(MathF.BitIncrement(sum)))));

        Judged.Passes(new OperatorBench([.. Good.Cases, off]).Judge(OperatorBench.Ratios));
    }

    [Fact]
    public void FP64_is_not_held_against_float64()
    {
        var coarse = Good.Change("mul-fp32", one =>
        {
            var output = one.Outputs[0];
            var off = MemoryMarshal.AsBytes<double>([.. MemoryMarshal.Cast<byte, double>(output.Exact.Span).ToArray().Select(value => value * (1 + 1e-12))]).ToArray();
            return OperatorBench.With(one with { DataType = "FP64", Outputs = [output with { DataType = "FP64", Same = output.Exact }] }, OperatorBench.Twice(off));
        });

        Judged.Passes(coarse.Judge(OperatorBench.Ratios));
    }

    [Fact]
    public void Rounding_towards_zero_fails_by_its_bias()
    {
        var truncated = Good.Change("mul-fp32", one => OperatorBench.With(one, OperatorBench.Twice(
            OperatorBench.Narrow("FP32", [.. OperatorBench.Products("FP32", x => x).Select(value => BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(value) & ~0x1FFFFFFFL))]))));

        var finding = truncated.Judge(OperatorBench.Ratios);

        Assert.InRange(Judged.Milli(finding, "largest bias beyond chance"), 500, 1_000);
        Judged.Measured(finding);
    }
}
