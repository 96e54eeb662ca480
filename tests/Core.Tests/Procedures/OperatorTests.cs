using System.Runtime.InteropServices;
using System.Text;

namespace Adaptation.Core.Tests;

/// <summary>The controls of COR-01 to COR-05, as recorded answers through the judge.</summary>
public sealed class OperatorTests
{
    private static OperatorBench Good => OperatorBench.Reference;

    /// <summary>A device that sums from the last term to the first, in float32: as right as the CPU, and not the same bits.</summary>
    private static OperatorBench OtherOrder { get; } = Good.Answering((one, answer) =>
        one is { Kind: OperatorKind.Rounded, DataType: "FP32" } ? OperatorBench.Map("FP32", answer, (value, at) => at % 3 == 0 ? MathF.BitIncrement((float)value) : at % 3 == 1 ? MathF.BitDecrement((float)value) : value) : answer);

    public static TheoryData<string> Clauses => ["COR-01", "COR-02", "COR-03", "COR-04", "COR-05"];

    [Theory, MemberData(nameof(Clauses))]
    public void The_CPU_itself_passes(string id) => Judged.Passes(Good.Judge(Clause(id)));

    [Theory, MemberData(nameof(Clauses))]
    public void Another_order_of_summation_passes(string id)
    {
        Assert.NotEqual(OperatorBench.First(Good.Cases[4]), OperatorBench.First(OtherOrder.Cases[4]));

        Judged.Passes(OtherOrder.Judge(Clause(id)));
    }

    [Fact]
    public void Fp32_fed_with_inputs_cut_to_8_mantissa_bits_fails()
    {
        var cut = Good.Change("mul-fp32", one => OperatorBench.With(one, OperatorBench.Twice(OperatorBench.Narrow("FP32", OperatorBench.Products("FP32", Cut)))));

        Assert.Contains("mul-fp32", Judged.Measured(cut.Judge(OperatorBench.Accuracy)), StringComparison.Ordinal);
    }

    [Theory, InlineData("mul-fp32"), InlineData("mul-fp16"), InlineData("matmul-bf16")]
    public void One_element_in_50_zeroed_fails(string id)
    {
        var zeroed = Good.Change(id, one => OperatorBench.With(one, OperatorBench.Twice(OperatorBench.Map(one.DataType, OperatorBench.First(one), (value, at) => at % 50 == 49 ? 0 : value))));

        Assert.Contains("98 %", Judged.Measured(zeroed.Judge(OperatorBench.Accuracy)), StringComparison.Ordinal);
    }

    [Theory] // 400 elements: four may miss the tolerance, five are more than 1 %
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void Both_sides_of_the_matched_share(int misses, bool passes)
    {
        var off = Good.Change("mul-fp32", one => OperatorBench.With(one, OperatorBench.Twice(OperatorBench.Map("FP32", OperatorBench.First(one), (value, at) => at < misses ? value + 0.008 : value))));

        Assert.Equal(passes, off.Judge(OperatorBench.Accuracy).Verdict is Verdict.Pass);
    }

    [Theory] // the floor of FP32 is 0.01, and 32 ULP near 1 are far below it
    [InlineData(0.0099, true)]
    [InlineData(0.0101, false)]
    public void A_single_element_beyond_the_floor_fails(double error, bool passes)
    {
        var off = Good.Change("mul-fp32", one => OperatorBench.With(one, OperatorBench.Twice(OperatorBench.Map("FP32", OperatorBench.First(one), (value, at) => at == 7 ? value + error : value))));

        Assert.Equal(passes, off.Judge(OperatorBench.Accuracy).Verdict is Verdict.Pass);
    }

    [Fact]
    public void A_second_answer_that_is_wrong_fails_however_good_the_first()
    {
        var stale = Good.Change("mul-fp32", one => OperatorBench.With(one, [OperatorBench.First(one), new byte[OperatorBench.First(one).Length]]));

        Assert.Contains("asked a second time", Judged.Measured(stale.Judge(OperatorBench.Accuracy)), StringComparison.Ordinal);
    }

    [Fact]
    public void One_wrong_answer_of_many_to_the_same_inputs_fails_and_says_which()
    {
        var rare = Good.Change("mul-fp32", one =>
        {
            var right = OperatorBench.First(one);
            return OperatorBench.With(one, [right, right, right, right, OperatorBench.Map("FP32", right, (value, at) => at == 3 ? value + 1 : value), right, right]);
        });

        Assert.Contains("(answer 5 of 7 to the same inputs; 2 of them differ from the one before)", Judged.Measured(rare.Judge(OperatorBench.Accuracy)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_refuses_the_case_that_is_asked_often_leaves_it_open_whether_faults_come_rarely()
    {
        var small = new OperatorBench([.. Good.Cases.Where(one => one.DataType != "FP32" || one.Kind != OperatorKind.Rounded)]);

        Assert.Contains("0 results of one case, where 800 are asked for", Assert.IsType<Verdict.Inconclusive>(small.Judge(OperatorBench.Accuracy).Verdict).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(65)] // a stranger's evidence could have a verifier read for hours
    public void Fewer_or_more_answers_than_any_case_is_asked_for_are_no_evidence(int answers)
    {
        var once = Good.Change("mul-fp32", one => OperatorBench.With(one, [.. Enumerable.Repeat(OperatorBench.First(one), answers)]));

        Assert.Contains("mul-fp32 is Answered, and its answers are not", Assert.IsType<Verdict.Inconclusive>(once.Judge(OperatorBench.Accuracy).Verdict).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_NaN_where_a_number_belongs_is_beyond_any_limit()
    {
        var lost = Good.Change("mul-fp32", one => OperatorBench.With(one, OperatorBench.Twice(OperatorBench.Map("FP32", OperatorBench.First(one), (value, at) => at == 0 ? double.NaN : value))));

        Judged.Measured(lost.Judge(OperatorBench.Accuracy));
        Judged.Measured(lost.Judge(OperatorBench.Specials));
    }

    [Fact]
    public void Int64_addition_carried_out_in_int32_fails()
    {
        var wrapped = Good.Change("add-int64", one => OperatorBench.With(one, OperatorBench.Twice(
            MemoryMarshal.AsBytes<long>([.. MemoryMarshal.Cast<byte, long>(OperatorBench.First(one)).ToArray().Select(sum => (long)(int)sum)]).ToArray())));

        Assert.Contains("add-int64", Judged.Measured(wrapped.Judge(OperatorBench.Exactness)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_that_drops_its_last_row_fails_with_the_count_of_its_elements()
    {
        var dropped = Good.Change("transpose-int32", one => OperatorBench.With(one, OperatorBench.Twice([.. OperatorBench.First(one)[..^16], .. new byte[16]])));

        var finding = dropped.Judge(OperatorBench.Exactness);

        Judged.Measured(finding);
        Assert.Equal(8_000, Judged.Milli(finding, "mismatching elements")); // four elements, twice
    }

    [Theory, InlineData("FP32"), InlineData("FP16"), InlineData("BF16")]
    public void NaN_and_infinity_replaced_by_0_fail(string type)
    {
        var cleared = Good.Answering((one, answer) => one.DataType == type ? OperatorBench.Map(type, answer, (value, _) => double.IsFinite(value) ? value : 0) : answer);

        var finding = cleared.Judge(OperatorBench.Specials);

        Judged.Measured(finding);
        Assert.Equal(6_000, Judged.Milli(finding, "elements whose infinity or NaN differs")); // three elements, twice
    }

    [Theory, InlineData("FP32"), InlineData("FP16"), InlineData("BF16")]
    public void Subnormal_numbers_flushed_to_zero_fail(string type)
    {
        var format = FloatFormat.TryFind(type)!;
        var flushed = Good.Answering((one, answer) => one.DataType == type ? OperatorBench.Map(type, answer, (value, _) => format.IsSubnormal(value) ? 0 : value) : answer);

        Assert.Contains("4 flushed", Judged.Measured(flushed.Judge(OperatorBench.Specials)), StringComparison.Ordinal);
        Judged.Passes(flushed.Judge(OperatorBench.Accuracy)); // far below any tolerance: only the mask shows it
    }

    [Fact]
    public void An_infinity_of_the_other_sign_fails()
    {
        var turned = Good.Change("identity-special-fp32", one => OperatorBench.With(one, OperatorBench.Twice(OperatorBench.Map("FP32", OperatorBench.First(one), (value, at) => at == 0 ? -value : value))));

        Judged.Measured(turned.Judge(OperatorBench.Specials));
    }

    [Fact]
    public void An_operator_that_fails_after_its_model_was_taken_fails_the_coverage()
    {
        var failing = Good.Change("mul-bf16", one => OperatorBench.Without(one, OperatorState.Failed, "first answer: status 500"));

        Assert.Contains("status 500", Judged.Measured(failing.Judge(OperatorBench.Coverage)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_unsupported_is_listed_and_no_failure()
    {
        var finding = Good.Change("mul-bf16", one => OperatorBench.Without(one, OperatorState.Unsupported, "no kernel")).Judge(OperatorBench.Coverage);

        Judged.Passes(finding);
        Assert.Equal(1_000, Judged.Milli(finding, "unsupported, Mul BF16"));
    }

    [Fact]
    public void Declining_FP32_is_no_way_to_pass()
    {
        var declined = Good.Change("mul-fp32", one => OperatorBench.Without(one, OperatorState.Unsupported, "no kernel"));

        Assert.Contains("2 of 3", Judged.Reason(declined.Judge(OperatorBench.Coverage)), StringComparison.Ordinal);
    }

    [Fact]
    public void Declining_everything_passes_nothing()
    {
        var silent = new OperatorBench([.. Good.Cases.Select(one => OperatorBench.Without(one, OperatorState.Unsupported, "no"))]);

        foreach (var clause in Clauses.Select(row => Clause(row.Data)))
            Judged.Reason(silent.Judge(clause));
    }

    [Fact]
    public void A_device_that_leaves_everything_to_the_CPU_fails()
    {
        var idle = new OperatorBench([.. Good.Cases.Select(one => OperatorBench.Without(one, OperatorState.Unsupported, "nodes run on the CPU: Mul"))]);

        Assert.Contains("nodes run on the CPU: Mul", Judged.Measured(idle.Judge(OperatorBench.Coverage, "refused")), StringComparison.Ordinal);
    }

    [Theory, InlineData("allowed"), InlineData("")]
    public void A_stack_that_may_run_on_the_CPU_unseen_is_inconclusive(string fallback) =>
        Assert.Contains("CPU", Judged.Reason(Good.Judge(OperatorBench.Coverage, fallback)), StringComparison.Ordinal);

    [Fact]
    public void A_device_that_refuses_what_would_fall_back_passes() => Judged.Passes(Good.Judge(OperatorBench.Coverage, "refused"));

    [Theory, InlineData("FP64", new long[] { 400 }), InlineData("FP32", new long[] { 20, 20 })]
    public void An_answer_of_another_type_or_shape_fails(string type, long[] shape)
    {
        var odd = Good.Change("mul-fp32", one => one with
        {
            Outputs = [one.Outputs[0] with { Answers = [.. one.Outputs[0].Answers.Select(answer => answer with { DataType = type, Shape = [.. shape] })] }],
        });

        Assert.Contains("mul-fp32", Judged.Measured(odd.Judge(OperatorBench.Accuracy)), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Clauses))]
    public void A_flipped_bit_anywhere_in_a_pack_never_passes(string id)
    {
        var (measurement, files) = Good.Evidence(id);
        var pack = files.Read("operators/all.pack").ToArray();
        for (var at = 0; at < pack.Length; at += pack.Length / 50)
        {
            var flipped = (byte[])pack.Clone();
            flipped[at] ^= 1;
            Assert.Contains("not the one", Judged.Reason(Judged.By(Clause(id), measurement, files: files.With("operators/all.pack", flipped))), StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Clauses))]
    public void A_missing_or_shortened_part_never_passes(string id)
    {
        var (measurement, files) = Good.Evidence(id);
        var index = files.Read("operators/index.json").ToArray();

        Judged.Reason(Judged.By(Clause(id), measurement, files: files.Without("operators/all.pack")));
        Judged.Reason(Judged.By(Clause(id), measurement, files: files.Without("operators/index.json")));
        Judged.Reason(Judged.By(Clause(id), measurement, files: files.With("operators/all.pack", files.Read("operators/all.pack")[..^1])));
        for (var length = 0; length < index.Length; length += 97)
            Judged.Reason(Judged.By(Clause(id), measurement, files: files.With("operators/index.json", index.AsMemory(0, length))));
        Judged.Reason(Judged.By(Clause(id), measurement with { Tensors = [] }, files: files));
    }

    [Theory]
    [InlineData("\"state\":\"answered\"", "\"state\":\"unsupported\"")]
    [InlineData("\"state\":\"answered\"", "\"state\":\"fine\"")]
    [InlineData("\"kind\":\"rounded\"", "\"kind\":\"2\"")]
    [InlineData("\"pack\":0", "\"pack\":1")]
    [InlineData("\"pack\":0", "\"pack\":-1")]
    [InlineData("\"id\":\"mul-fp16\"", "\"id\":\"mul-fp32\"")]
    [InlineData("\"shape\":[400]", "\"shape\":[401]")]
    [InlineData("\"shape\":[400]", "\"shape\":[-1]")]
    [InlineData("\"exact\":[0,", "\"exact\":[99999999,")]
    [InlineData("\"exact\":[0,", "\"exact\":[-1,")]
    [InlineData("\"seed\":\"1\"", "\"seed\":\"1\",\"seed\":\"2\"")]
    [InlineData("adaptation.operators/v1", "adaptation.operators/v2")]
    public void An_index_that_does_not_fit_its_packs_never_passes(string from, string to)
    {
        var (measurement, files) = Good.Evidence("COR-01");
        var text = Encoding.UTF8.GetString(files.Read("operators/index.json").Span);
        var at = text.IndexOf(from, StringComparison.Ordinal);

        var changed = files.With("operators/index.json", Encoding.UTF8.GetBytes(text[..at] + to + text[(at + from.Length)..]));

        Assert.StartsWith("invalid evidence", Judged.Reason(Judged.By(OperatorBench.Accuracy, measurement, files: changed)), StringComparison.Ordinal);
    }

    /// <summary>Eight bits of the significand are kept, the hidden one among them.</summary>
    private static double Cut(double value) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((float)value) & 0xFFFF0000);

    private static Clause Clause(string id) => id switch
    {
        "COR-01" => OperatorBench.Accuracy,
        "COR-02" => OperatorBench.Exactness,
        "COR-03" => OperatorBench.Ratios,
        "COR-04" => OperatorBench.Specials,
        _ => OperatorBench.Coverage,
    };
}
