using System.Text;
using Adaptation.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Core.Tests;

public sealed class TensorAgreementTests
{
    private static readonly float[] First = Reader.Scores(1, 1, 0, 2, 2, 0);

    [Fact]
    public void Exact_answers_pass()
    {
        var finding = Reader.Exact.Judge();

        Judged.Passes(finding);
        Assert.Equal(60_000, Judged.Milli(finding, "elements compared"));
        Assert.Equal(100_000, Judged.Milli(finding, "texts right"));
    }

    [Fact]
    public void A_second_fp32_runtime_within_the_noise_passes_and_its_distance_is_reported()
    {
        var finding = Reader.Exact.Answering("line-1", [.. First.Select(score => score * 1.0002f)]).Judge();

        Judged.Passes(finding);
        Assert.InRange(Judged.Milli(finding, "largest absolute difference"), 179_000_000, 181_000_000); // 0.9 * 2e-4, in 1e-12
        Assert.InRange(Judged.Milli(finding, "largest difference over tolerance"), 190, 210);
    }

    [Fact]
    public void Weights_rounded_to_8_bits_fail()
    {
        var finding = Reader.Exact.Answering("line-1", [.. First.Select(score => MathF.Round(score * 127) / 127)]).Judge();

        Assert.Contains("outside the tolerance", Judged.Measured(finding), StringComparison.Ordinal);
        Assert.Contains("line-1", Judged.Measured(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_to_another_picture_fail() =>
        Judged.Measured(Reader.Exact.Answering("line-1", Reader.Scores(3, 4, 4, 0, 3, 3)).Judge());

    [Theory] // expected 0.5: 1e-7 + 1e-3 * 0.5 = 0.0005001, and floats near 0.5 lie 6e-8 apart
    [InlineData(0.50050006f, "pass")]
    [InlineData(0.50050020f, "fail")]
    [InlineData(0.49949994f, "pass")]
    [InlineData(0.49949980f, "fail")]
    public void Both_sides_of_the_tolerance(float answered, string word) =>
        Assert.Equal(word, Numbers([0.5f], [answered]).Judge().Verdict.Word);

    [Theory]
    [InlineData(float.NaN, float.NaN, "pass")]
    [InlineData(float.NaN, 0f, "fail")]
    [InlineData(0f, float.NaN, "fail")]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity, "pass")]
    [InlineData(float.PositiveInfinity, float.NegativeInfinity, "fail")]
    [InlineData(float.PositiveInfinity, 1f, "fail")]
    [InlineData(1f, float.PositiveInfinity, "fail")]
    [InlineData(float.NegativeInfinity, float.NaN, "fail")]
    [InlineData(float.MaxValue, -float.MaxValue, "fail")]
    [InlineData(0f, -0f, "pass")]
    public void What_is_no_number_agrees_only_with_its_like(float expected, float answered, string word) =>
        Assert.Equal(word, Numbers([expected, 1f], [answered, 1f]).Judge().Verdict.Word);

    [Fact]
    public void A_zero_that_is_expected_is_met_within_the_absolute_tolerance()
    {
        Judged.Passes(Numbers([0f], [0.999e-7f]).Judge());
        Judged.Measured(Numbers([0f], [1.001e-7f]).Judge());
    }

    [Fact]
    public void A_text_that_turns_within_the_tolerance_fails()
    {
        float[] close = [.. First];
        (close[0], close[1]) = (0.9f, 0.9001f); // the first two steps say 中 by a hair; so does the reference
        (close[5], close[6]) = (0.9f, 0.9001f);
        float[] turned = [.. close];
        (turned[0], turned[1], turned[5], turned[6]) = (0.9001f, 0.9f, 0.9001f, 0.9f);

        var finding = Reader.Exact.Expecting("line-1", close).Answering("line-1", turned).Judge();

        Assert.Equal("1 of 2 texts right; line-1 reads 'b', expected '中b'", Judged.Measured(finding));
    }

    [Fact]
    public void Both_sides_of_the_share_of_texts()
    {
        var reader = Reader.Exact.With("line-3", "wrong", Reader.Scores(1, 1, 1, 1, 1, 1));
        var clause = Clauses.TensorAgreement;

        Judged.Passes(Judged.By(clause with { Limits = clause.Limits.SetItem("text_share_ppm", 666_666) }, reader.Measurement, reader.Plan, reader.Files));
        Judged.Measured(Judged.By(clause with { Limits = clause.Limits.SetItem("text_share_ppm", 666_667) }, reader.Measurement, reader.Plan, reader.Files));
    }

    [Theory]
    [InlineData("中\r\nb\r\nc\r\n")]
    [InlineData("中\nb\nc")]
    [InlineData("\uFEFF中\nb\nc\n")]
    public void A_character_set_is_read_however_its_lines_end(string charset)
    {
        var reader = Reader.Exact;

        Judged.Passes((reader with { Files = reader.Files.With("charset.txt", Encoding.UTF8.GetBytes(charset)) }).Judge());
    }

    [Fact]
    public void Repeats_collapse_and_a_blank_parts_them()
    {
        var reader = Reader.Exact.With("line-3", "bb中", Reader.Scores(2, 2, 0, 2, 1, 1)).With("line-4", "", Reader.Scores(0, 0)).With("line-5", "b b", Reader.Scores(2, 4, 2), "3,5");

        Judged.Passes(reader.Judge());
    }

    [Fact]
    public void A_model_without_text_is_judged_by_its_numbers_alone()
    {
        var finding = Numbers([1f, 2f, 3f], [1f, 2f, 3f]).Judge();

        Judged.Passes(finding);
        Assert.DoesNotContain(finding.Figures, figure => figure.Name == "texts right");
    }

    [Fact]
    public void A_pack_with_a_wider_relative_tolerance_than_the_standard_decides_nothing_and_both_are_named()
    {
        Judged.Passes(Reader.Exact.Golden(golden => golden with { RtolPpb = 1_000_000 }).Judge());
        var reason = Judged.Reason(Reader.Exact.Golden(golden => golden with { RtolPpb = 1_000_001 }).Judge());

        Assert.Contains("1000001e-9", reason, StringComparison.Ordinal);
        Assert.Contains("1000000e-9", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pack_with_an_absolute_tolerance_above_the_ceiling_decides_nothing()
    {
        Judged.Passes(Reader.Exact.Golden(golden => golden with { AtolPpb = 10_000 }).Judge());
        Assert.Contains("10001e-9", Judged.Reason(Reader.Exact.Golden(golden => golden with { AtolPpb = 10_001 }).Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_backend_answered_in_the_wrong_form_fails()
    {
        Assert.Equal("line-1 is FP16, not FP32", Judged.Measured(Changed(tensor => tensor with { DataType = "FP16" }).Judge()));
        Assert.Contains("[1,5,6], expected [1,6,5]", Judged.Measured(Changed(tensor => tensor with { Shape = [1, 5, 6] }).Judge()), StringComparison.Ordinal);
        Assert.Contains("4 bytes", Judged.Measured(Reader.Exact.Answering("line-1", 1f).Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_that_are_missing_doubled_or_of_no_line_decide_nothing()
    {
        Assert.Contains("no answer to the golden line line-1", Judged.Reason(Reader.Exact.Tensors(tensors => tensors.RemoveAt(0)).Judge()), StringComparison.Ordinal);
        Assert.Contains("line-1 is there twice", Judged.Reason(Reader.Exact.Tensors(tensors => tensors.Add(tensors[0])).Judge()), StringComparison.Ordinal);
        Assert.Contains("line-9 is no line", Judged.Reason(Reader.Exact.Tensors(tensors => tensors.Add(tensors[0] with { Name = "line-9" })).Judge()), StringComparison.Ordinal);
        Assert.Contains("answers/line-1", Judged.Reason((Reader.Exact with { Files = Reader.Exact.Files.Without("answers/line-1") }).Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_golden_pack_that_cannot_be_believed_decides_nothing()
    {
        var exact = Reader.Exact;

        Assert.All(
            new[]
            {
                exact.Golden(golden => golden with { Lines = [] }),
                exact.Golden(golden => golden with { Lines = golden.Lines.Add(golden.Lines[0]) }),
                exact.Golden(golden => golden with { Charset = null }),
                exact.Golden(golden => golden with { Charset = "elsewhere.txt" }),
                exact.Golden(golden => golden with { RtolPpb = -1 }),
                exact.Golden(golden => golden with { AtolPpb = -1 }),
                exact.Expecting("line-1", First[..^1]),
                exact.Expecting("line-1", [.. First, 1f]),
                exact with { Files = exact.Files.With("golden/line-1.gz", new byte[] { 1, 2, 3 }) },
                exact with { Files = exact.Files.With("golden/line-1.gz", Reader.Packed(First).AsMemory(0, 20)) },
                exact with { Files = exact.Files.Without("golden/line-1.gz") },
                exact with { Files = exact.Files.With("charset.txt", new byte[] { 0xff, 0xfe }) },
                exact with { Files = exact.Files.With("charset.txt", "a\nb\n"u8.ToArray()) },
            },
            reader => Judged.Reason(reader.Judge()));
    }

    [Fact]
    public void A_shape_beyond_all_bounds_is_no_crash()
    {
        var huge = Reader.Exact.Golden(golden => golden with { Lines = golden.Lines.SetItem(0, golden.Lines[0] with { Shape = [long.MaxValue, long.MaxValue, 5] }) })
            .Tensors(tensors => tensors.SetItem(0, tensors[0] with { Shape = [long.MaxValue, long.MaxValue, 5] }));

        Judged.Measured(huge.Judge());
    }

    [Fact]
    public void An_element_farther_off_never_helps() =>
        Prop.ForAll<NormalFloat, NormalFloat, PositiveInt>((expected, offset, more) =>
        {
            var (e, off) = ((float)(expected.Get % 1000), (float)Math.Abs(offset.Get % 1e-3));

            var near = Numbers([e], [e + off]).Judge().Verdict;
            var far = Numbers([e], [e + (off * (1 + more.Get))]).Judge().Verdict;

            return near is Verdict.Pass || far is Verdict.Fail;
        }).QuickCheckThrowOnFailure();

    private static Reader Changed(Func<TensorFile, TensorFile> change) => Reader.Exact.Tensors(tensors => tensors.SetItem(0, change(tensors[0])));

    private static Reader Numbers(float[] expected, float[] answered) =>
        new Reader(Given.Plan, Given.Measurement("COR-18"), InMemoryFiles.Empty).With("line-1", "", expected, $"{expected.Length}").Answering("line-1", answered);
}
