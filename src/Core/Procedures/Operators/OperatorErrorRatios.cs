using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>Judges the error of floating-point operators by that of a CPU which computes in the same type (COR-03).</summary>
/// <remarks>
/// Reads <see cref="OperatorIndex"/>. For each operator and type, over all elements of all its cases: the mean and the largest relative error and the RMS
/// error of the backend, each over the same of the CPU's. An error is squared in units of the RMS of its output, or one sum of 100,000 terms would decide for all
/// cases of its operator. One rounding is the least that counts as the CPU's error: a CPU that rounds every result correctly, which no device need do, would
/// make any quotient large. The bias is the mean of the signed relative error, in roundings, less the CPU's own (elements that share a sum share its error) and less what
/// chance alone could show (three standard errors). FP64 is left out: float64 cannot tell a good float64 answer from a better one. Source: CANN dual benchmark,
/// level L0; the reference is not an accelerator but the CPU, see the clause.
/// </remarks>
internal static class OperatorErrorRatios
{
    public static ImmutableArray<string> Limits { get; } = ["max_ratio_milli", "mean_ratio_milli", "rms_ratio_milli", "bias_max_milli", "elements_min"];

    public static Finding Judge(Clause clause, Plan plan, Measurement m, IBlobs files)
    {
        if (OperatorIndex.TryRead(m, files, out var problem) is not { } all)
            return clause.Invalid(problem);
        var groups = all.Where(one => one is { Kind: OperatorKind.Rounded, State: OperatorState.Answered, DataType: not "FP64" })
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
        // a case that is asked often is large, and would outweigh all others of its operator
        foreach (var output in cases.SelectMany(one => one.Outputs).Where(output => output.WrongForm() is null && output.Answers.Length <= 2))
        {
            if (FloatFormat.TryFind(output.DataType) is not { Word: not "FP64" } format)
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
        private double _roundoff, _bias, _biasSquare, _cpuBias;
        private (double Max, double Sum, double Square) _device, _cpu;

        public long Count { get; private set; }

        public double MaxRatio => _device.Max / Math.Max(_cpu.Max, _roundoff);

        public double MeanRatio => _device.Sum / Math.Max(_cpu.Sum, _roundoff * Count);

        public double RmsRatio => _device.Square == 0 ? 0 : Math.Sqrt(_device.Square / Math.Max(_cpu.Square, _roundoff * _roundoff * Count));

        public double Bias
        {
            get
            {
                var mean = _bias / Count;
                var deviation = Math.Sqrt(Math.Max(0, (_biasSquare / Count) - (mean * mean)));
                return Math.Max(0, Math.Abs(mean) - Math.Abs(_cpuBias / Count) - (3 * deviation / Math.Sqrt(Count)));
            }
        }

        public void Add(FloatFormat format, ExpectedOutput output, ReadOnlySpan<byte> answer)
        {
            _roundoff = format.Roundoff;
            var same = output.Same.Span;
            var scale = Scale(format, output);
            for (var at = 0; at < same.Length / format.Size; at++)
            {
                if (Compared(format, output, at) is not { } golden)
                    continue;
                double cpu = format.Read(same, at), value = format.Read(answer, at);
                if (!double.IsFinite(value))
                    value = double.MaxValue; // as wrong as a number can be
                Count++;
                _device = Sum(_device, value, golden, scale);
                _cpu = Sum(_cpu, cpu, golden, scale);
                var signed = (value - golden) / golden / _roundoff;
                _bias += signed;
                _biasSquare += signed * signed;
                _cpuBias += (cpu - golden) / golden / _roundoff;
            }
        }

        /// <summary>An element's exact value, or null where there is no relative error.</summary>
        private static double? Compared(FloatFormat format, ExpectedOutput output, int at)
        {
            var golden = BitConverter.ToDouble(output.Exact.Span[(at * sizeof(double))..]);
            return double.IsFinite(golden) && double.IsFinite(format.Read(output.Same.Span, at)) && golden != 0 && !format.IsSubnormal(golden) ? golden : null;
        }

        /// <summary>RMS of the elements that are compared.</summary>
        private static double Scale(FloatFormat format, ExpectedOutput output)
        {
            var (sum, count) = (0.0, 0);
            for (var at = 0; at < output.Same.Length / format.Size; at++)
            {
                if (Compared(format, output, at) is { } golden)
                    (sum, count) = (sum + (golden * golden), count + 1);
            }

            return Math.Sqrt(sum / Math.Max(1, count));
        }

        private static (double Max, double Sum, double Square) Sum((double Max, double Sum, double Square) so, double value, double golden, double scale)
        {
            var error = Math.Abs(value - golden);
            return (Math.Max(so.Max, error / Math.Abs(golden)), so.Sum + (error / Math.Abs(golden)), so.Square + (error / scale * (error / scale)));
        }
    }
}
