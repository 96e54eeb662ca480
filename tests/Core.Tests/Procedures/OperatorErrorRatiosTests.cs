using System.Runtime.InteropServices;

namespace Adaptation.Core.Tests;

/// <summary>What COR-03 compares, and what it leaves out: chance and the CPU's own errors are no fault of a device.</summary>
public sealed class OperatorErrorRatiosTests
{
    private static OperatorBench Good => OperatorBench.Reference;

    [Fact]
    public void An_error_that_the_CPU_shares_is_no_bias()
    {
        var shifted = OperatorBench.Map("FP32", OperatorBench.First(Good.Cases.First(one => one.Id == "mul-fp32")), (value, _) => value * (1 + Math.ScaleB(5, -24)));
        OperatorAnswers Shift(OperatorAnswers one) => OperatorBench.With(one, Twice(shifted));

        Judged.Measured(Good.Change("mul-fp32", Shift).Judge(OperatorBench.Ratios));
        Judged.Passes(Good.Change("mul-fp32", one => Shift(one with { Outputs = [one.Outputs[0] with { Same = shifted }] })).Judge(OperatorBench.Ratios));
    }

    [Fact]
    public void One_large_sum_does_not_decide_for_all_cases_of_its_operator()
    {
        float sum = 50_000;
        var large = Good.Cases.First(one => one.Id == "mul-fp32");
        large = large with { Id = "mul-fp32-large", Outputs = [large.Outputs[0] with { Shape = [1], Exact = BitConverter.GetBytes((double)sum), Same = BitConverter.GetBytes(sum) }] };
        var off = OperatorBench.With(large, Twice(BitConverter.GetBytes(MathF.BitIncrement(MathF.BitIncrement(sum)))));

        Judged.Passes(new OperatorBench([.. Good.Cases, off]).Judge(OperatorBench.Ratios));
    }

    [Fact]
    public void FP64_is_not_held_against_float64()
    {
        var coarse = Good.Change("mul-fp32", one =>
        {
            var output = one.Outputs[0];
            var off = MemoryMarshal.AsBytes<double>([.. MemoryMarshal.Cast<byte, double>(output.Exact.Span).ToArray().Select(value => value * (1 + 1e-12))]).ToArray();
            return OperatorBench.With(one with { DataType = "FP64", Outputs = [output with { DataType = "FP64", Same = output.Exact }] }, Twice(off));
        });

        Judged.Passes(coarse.Judge(OperatorBench.Ratios));
    }

    private static byte[][] Twice(byte[] answer) => [answer, answer];
}
