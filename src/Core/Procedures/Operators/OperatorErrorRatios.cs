using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges the error of floating-point operators by that of a CPU which computes in the same type (COR-03).</summary>
/// <remarks>
/// Reads <see cref="OperatorIndex"/>. For each operator and type, over all elements of all its cases: the mean and the largest relative error and the RMS
/// error of the backend, each over the same of the CPU's. One rounding is the least that counts as the CPU's error: a CPU that rounds every result
/// correctly, which no device need do, would make any quotient large. The bias is the mean of the signed relative error, in roundings; what chance
/// alone could show (three standard errors) is taken off it. Source: CANN dual benchmark, level L0; the reference is not an accelerator but the CPU, see
/// the clause.
/// </remarks>
internal static class OperatorErrorRatios
{
    public static ImmutableArray<string> Limits { get; } = ["max_ratio_milli", "mean_ratio_milli", "rms_ratio_milli", "bias_max_milli", "elements_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (OperatorIndex.TryRead(m, files, out var problem) is not { } all)
            return clause.Invalid(problem);
        var groups = all.Where(one => one is { Kind: OperatorKind.Rounded, State: OperatorState.Answered })
            .GroupBy(one => (one.Operator, one.DataType)).OrderBy(group => group.Key.Operator, StringComparer.Ordinal).ThenBy(group => group.Key.DataType, StringComparer.Ordinal)
            .Select(group => (group.Key.Operator, group.Key.DataType, Seen: Seen(group)))
            .Where(group => group.Seen.Count >= clause.Limit("elements_min")).ToImmutableArray();
        if (groups.IsEmpty)
            return clause.Found(new Verdict.Inconclusive($"no operator has {clause.Limit("elements_min")} elements that can be compared"));
        var wrong = groups.Select(group => Wrong(clause, $"{group.Operator} {group.DataType}", group.Seen)).OfType<string>().ToImmutableArray();
        ImmutableArray<Figure> figures =
        [
            Reading.Counted("operators and types judged", groups.Length), Reading.Counted("operators and types outside the limits", wrong.Length, limit: 0),
            new("largest ratio of the mean relative error", "1", Reading.Milli(groups.Max(group => group.Seen.MeanRatio)), LimitMilli: clause.Limit("mean_ratio_milli")),
            new("largest ratio of the largest relative error", "1", Reading.Milli(groups.Max(group => group.Seen.MaxRatio)), LimitMilli: clause.Limit("max_ratio_milli")),
            new("largest ratio of the RMS error", "1", Reading.Milli(groups.Max(group => group.Seen.RmsRatio)), LimitMilli: clause.Limit("rms_ratio_milli")),
            new("largest bias beyond chance", "roundings", Reading.Milli(groups.Max(group => group.Seen.Bias)), LimitMilli: clause.Limit("bias_max_milli")),
        ];
        return wrong.IsEmpty
            ? clause.Found(new Verdict.Pass(), figures)
            : clause.Fails(
                $"{wrong.Length} of {groups.Length} operators and types: {string.Join("; ", wrong.Take(3))}",
                FormattableString.Invariant($"ratios of largest, mean and RMS error {clause.Limit("max_ratio_milli") / 1e3:0.##}, {clause.Limit("mean_ratio_milli") / 1e3:0.##} and {clause.Limit("rms_ratio_milli") / 1e3:0.##}, bias {clause.Limit("bias_max_milli") / 1e3:0.##} roundings"),
                figures);
    }

    private static string? Wrong(Clause clause, string name, ErrorSums seen) =>
        Reading.Milli(seen.MaxRatio) > clause.Limit("max_ratio_milli") || Reading.Milli(seen.MeanRatio) > clause.Limit("mean_ratio_milli")
        || Reading.Milli(seen.RmsRatio) > clause.Limit("rms_ratio_milli") || Reading.Milli(seen.Bias) > clause.Limit("bias_max_milli")
            ? FormattableString.Invariant($"{name} {seen.MaxRatio:0.##} / {seen.MeanRatio:0.##} / {seen.RmsRatio:0.##}, bias {seen.Bias:0.##}") : null;

    private static ErrorSums Seen(IEnumerable<OperatorAnswers> cases)
    {
        var sums = new ErrorSums();
        foreach (var output in cases.SelectMany(one => one.Outputs).Where(output => output.WrongForm() is null))
        {
            if (FloatFormat.TryFind(output.DataType) is not { } format)
                continue;
            // the same answer twice is one sample, not two
            foreach (var answer in output.Answers.Where((answer, at) => at == 0 || !answer.Data.Span.SequenceEqual(output.Answers[0].Data.Span)))
                sums.Add(format, output, answer.Data.Span);
        }

        return sums;
    }

    /// <summary>Errors of a backend and of the CPU over the same elements.</summary>
    private sealed class ErrorSums
    {
        private double _roundoff, _square, _bias, _biasSquare;
        private (double Max, double Sum, double Square) _device, _cpu;

        public long Count { get; private set; }

        public double MaxRatio => _device.Max / Math.Max(_cpu.Max, _roundoff);

        public double MeanRatio => _device.Sum / Math.Max(_cpu.Sum, _roundoff * Count);

        public double RmsRatio => _device.Square == 0 ? 0 : Math.Sqrt(_device.Square / Math.Max(_cpu.Square, _roundoff * _roundoff * _square));

        public double Bias
        {
            get
            {
                var mean = _bias / Count;
                var deviation = Math.Sqrt(Math.Max(0, (_biasSquare / Count) - (mean * mean)));
                return Math.Max(0, Math.Abs(mean) - (3 * deviation / Math.Sqrt(Count)));
            }
        }

        public void Add(FloatFormat format, ExpectedOutput output, ReadOnlySpan<byte> answer)
        {
            _roundoff = format.Roundoff;
            var exact = output.Exact.Span;
            var same = output.Same.Span;
            for (var at = 0; at < same.Length / format.Size; at++)
            {
                double golden = BitConverter.ToDouble(exact[(at * sizeof(double))..]), cpu = format.Read(same, at), value = format.Read(answer, at);
                if (!double.IsFinite(golden) || !double.IsFinite(cpu) || golden == 0 || format.IsSubnormal(golden))
                    continue; // no relative error there
                if (!double.IsFinite(value))
                    value = double.MaxValue; // as wrong as a number can be
                Count++;
                _square += golden * golden;
                _device = Sum(_device, value, golden);
                _cpu = Sum(_cpu, cpu, golden);
                var signed = (value - golden) / golden / _roundoff;
                _bias += signed;
                _biasSquare += signed * signed;
            }
        }

        private static (double Max, double Sum, double Square) Sum((double Max, double Sum, double Square) so, double value, double golden)
        {
            var error = Math.Abs(value - golden);
            return (Math.Max(so.Max, error / Math.Abs(golden)), so.Sum + (error / Math.Abs(golden)), so.Square + (error * error));
        }
    }
}
