using Adaptation.Testing;

namespace Adaptation.Core.Tests;

public sealed class LayerAgreementTests
{
    private const int Layers = 5, Width = 16, Tokens = 100;

    private static readonly LayerCase Exact = LayerCase.Stacked();

    [Fact]
    public void Exact_states_pass_and_what_was_seen_is_reported()
    {
        var finding = Exact.Judge();

        Judged.Passes(finding);
        Assert.Equal(100_000, Judged.Milli(finding, "smallest cosine"));
        Assert.Equal(0, Judged.Milli(finding, "largest relative L2"));
        Assert.Equal(5_000, Judged.Milli(finding, "layers"));
        Assert.Equal(300_000, Judged.Milli(finding, "positions"));
        Assert.Equal(3_000, Judged.Milli(finding, "documents"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(3)]
    public void Channels_rotated_after_a_layer_fail_from_there_on_and_are_said_to_be(int by)
    {
        var turned = Exact.Answering((_, layer, states) => layer < 2 ? states : Turned(states, by));

        var measured = Judged.Measured(turned.Judge());

        Assert.StartsWith("from layer 2 of 0 to 4 on (3 of 5 layers): cosine ", measured, StringComparison.Ordinal);
        Assert.EndsWith($"; its channels look rotated by {by} of 16", measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Channels_in_another_order_fail_and_are_called_nothing()
    {
        var mixed = Exact.Answering((_, _, states) => [.. states.Chunk(Width).SelectMany(row => row.Reverse())]);

        Assert.DoesNotContain("rotated", Judged.Measured(mixed.Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void One_layer_alone_is_named_alone()
    {
        Assert.StartsWith("at layer 4 of 0 to 4 (1 of 5 layers)", Judged.Measured(Exact.Answering((_, layer, states) => layer == 4 ? Turned(states, 1) : states).Judge()), StringComparison.Ordinal);
        Assert.StartsWith("first at layer 1 of 0 to 4 (1 of 5 layers)", Judged.Measured(Exact.Answering((_, layer, states) => layer == 1 ? Turned(states, 1) : states).Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_worst_document_counts()
    {
        var one = Exact.Answering((document, _, states) => document == 1 ? Turned(states, 1) : states);

        Assert.Contains("input doc-1", Judged.Measured(one.Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void Positions_shifted_by_one_and_layers_shifted_by_one_fail()
    {
        Judged.Measured(Exact.Answering((_, _, states) => [.. states[Width..], .. states[..Width]]).Judge());
        Judged.Measured(Exact.Answering((document, layer, _) => Exact.Reference[document][(layer + 1) % Layers]).Judge());
    }

    [Theory] // the angle whose cosine is 0.99
    [InlineData(0.1414, "pass")]
    [InlineData(0.1416, "fail")]
    public void Both_sides_of_the_limit(double angle, string verdict)
    {
        // a state and the one across, equally long and at right angles: [a, b] and [-b, a]
        var turned = Exact.Answering((_, _, states) =>
        {
            var answered = new float[states.Length];
            for (var i = 0; i < states.Length; i += 2)
            {
                answered[i] = (float)((Math.Cos(angle) * states[i]) - (Math.Sin(angle) * states[i + 1]));
                answered[i + 1] = (float)((Math.Cos(angle) * states[i + 1]) + (Math.Sin(angle) * states[i]));
            }

            return answered;
        });

        Assert.Equal(verdict, turned.Judge().Verdict.Word);
    }

    [Fact]
    public void A_factor_keeps_the_cosine_and_shows_in_the_relative_distance()
    {
        var finding = Exact.Answering((_, _, states) => [.. states.Select(state => 2 * state)]).Judge();

        Judged.Passes(finding);
        Assert.Equal(1_000_000_000, Judged.Milli(finding, "largest relative L2"));
    }

    [Theory]
    [InlineData(float.NaN, "NaN at element 35")]
    [InlineData(float.PositiveInfinity, "Infinity at element 35")]
    [InlineData(float.NegativeInfinity, "-Infinity at element 35")]
    public void One_value_that_is_no_number_fails_at_its_layer(float value, string where)
    {
        var measured = Judged.Measured(Exact.Answering((document, layer, states) =>
            document == 2 && layer == 3 ? [.. states.Select((state, at) => at == 35 ? value : state)] : states).Judge());

        Assert.StartsWith("first at layer 3", measured, StringComparison.Ordinal);
        Assert.Contains(where, measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Zeros_fail() =>
        Assert.Contains("all of it is 0", Judged.Measured(Exact.Answering((_, _, states) => new float[states.Length]).Judge()), StringComparison.Ordinal);

    [Fact]
    public void Negated_states_fail() => Judged.Measured(Exact.Answering((_, _, states) => [.. states.Select(state => -state)]).Judge());

    [Theory]
    [InlineData("FP16", new long[] { Layers, Tokens, Width }, "is FP16, not FP32")]
    [InlineData("FP32", new long[] { Layers, Width, Tokens }, "has the shape [5,16,100]")]
    [InlineData("FP32", new long[] { 2, Layers, Tokens, Width }, "has the shape [2,5,100,16]")]
    [InlineData("FP32", new long[] { }, "has the shape []")]
    public void An_answer_in_another_form_fails(string type, long[] shape, string why) =>
        Assert.Contains(why, Judged.Measured(Exact.Naming(tensor => tensor with { DataType = type, Shape = [.. shape] }).Judge()), StringComparison.Ordinal);

    [Fact]
    public void A_batch_of_one_is_no_other_form() =>
        Judged.Passes(Exact.Naming(tensor => tensor with { Shape = [1, .. tensor.Shape] }).Judge());

    [Fact]
    public void Evidence_that_lost_something_is_never_a_pass()
    {
        Assert.Contains("lacks outputs/doc-1", Judged.Reason(Exact.Without("outputs/doc-1").Judge()), StringComparison.Ordinal);
        Assert.Contains("lacks golden/doc-1", Judged.Reason(Exact.Without("golden/doc-1").Judge()), StringComparison.Ordinal);
        Assert.Contains("bytes, and its shape asks for", Judged.Reason(Exact.With("outputs/doc-1", [1, 2, 3]).Judge()), StringComparison.Ordinal);
        Assert.Contains("no gzip", Judged.Reason(Exact.With("golden/doc-1", [1, 2, 3]).Judge()), StringComparison.Ordinal);
        Assert.Contains("fewer bytes", Judged.Reason(Exact.With("golden/doc-1", LayerCase.Packed(new float[7])).Judge()), StringComparison.Ordinal);
        Assert.Contains("more bytes", Judged.Reason(Exact.With("golden/doc-1", LayerCase.Packed(new float[Layers * Tokens * Width + 1])).Judge()), StringComparison.Ordinal);
        Assert.Contains("no answer for doc-0", Judged.Reason((Exact with { Measurement = Exact.Measurement with { Tensors = [] } }).Judge()), StringComparison.Ordinal);
        Assert.Contains("is no layer of the plan", Judged.Reason((Exact with { Measurement = Exact.Measurement with { Tensors = Exact.Measurement.Tensors.Add(new("x", "y", "FP32", [1])) } }).Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reference_that_is_no_reference_decides_nothing()
    {
        Assert.Contains("not finite, or all 0", Judged.Reason(Exact.With("golden/doc-1", LayerCase.Packed(new float[Layers * Tokens * Width])).Judge()), StringComparison.Ordinal);
        Assert.Contains("not finite, or all 0", Judged.Reason(Exact.With("golden/doc-1", LayerCase.Packed([.. Enumerable.Repeat(float.NaN, Layers * Tokens * Width)])).Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_positions_or_documents_decide_nothing()
    {
        Assert.Contains("300 positions in 3 documents; 301 in 2", Judged.Reason(Exact.Judge(("positions_min", 301))), StringComparison.Ordinal);
        Assert.Contains("256 in 4", Judged.Reason(Exact.Judge(("documents_min", 4))), StringComparison.Ordinal);
    }

    public static TheoryData<string, LayerPlan?> Plans => new()
    {
        { "the plan has no exact values", null },
        { "there is none", new(true, []) },
        { "there is none", new(true, default) },
        { "doc-0 is there twice", new(true, [Exact.Plan.Tensors[0], Exact.Plan.Tensors[0]]) },
        { "the document doc-0 cannot count twice", new(true, [Exact.Plan.Tensors[0], Exact.Plan.Tensors[0] with { Id = "again" }]) },
        { "no possible shape", new(true, [Exact.Plan.Tensors[0] with { Shape = default }]) },
        { "no possible shape", new(true, [Exact.Plan.Tensors[0] with { Shape = [0, 1, 1] }]) },
        { "no possible shape", new(true, [Exact.Plan.Tensors[0] with { Shape = [-1, 1, -1] }]) },
        { "no possible shape", new(true, [Exact.Plan.Tensors[0] with { Shape = [1L << 40, 1L << 40, 1L << 40] }]) },
        { "not [L, T, D]", new(true, [Exact.Plan.Tensors[0] with { Shape = [1, 5, 5, 5] }]) },
        { "not [L, T, D]", new(true, [Exact.Plan.Tensors[0], Exact.Plan.Tensors[1] with { Shape = [Layers + 1, Tokens, Width] }]) },
    };

    [Theory, MemberData(nameof(Plans))]
    public void A_plan_that_cannot_be_judged_by_decides_nothing(string why, LayerPlan? plan) =>
        Assert.Contains(why, Judged.Reason(Judged.By(Clauses.LayerAgreement, Exact.Measurement, Given.Plan with { ModelKind = "llm", Layers = plan }, Exact.Files)), StringComparison.Ordinal);

    [Fact]
    public void Weights_of_four_bits_are_not_held_to_a_limit_that_rounding_alone_leaves()
    {
        TextGolden Text(PrecisionClass precision) => new() { Precision = precision, VocabularySize = 8, Documents = [] };
        Finding Of(PrecisionClass precision) => Judged.By(
            Clauses.LayerAgreement, Exact.Measurement, Given.Plan with { ModelKind = "llm", Layers = Exact.Plan, Text = Text(precision) }, Exact.Files);

        Assert.Contains("COR-08 decides", Assert.IsType<Verdict.NotApplicable>(Of(PrecisionClass.Bits4).Verdict).Reason, StringComparison.Ordinal);
        Assert.All([PrecisionClass.Fp32, PrecisionClass.Bits16, PrecisionClass.Bits8], precision => Judged.Passes(Of(precision)));
    }

    [Fact]
    public void A_server_that_shows_no_layers_need_not()
    {
        var hidden = Exact with { Measurement = new() { Check = "COR-06", Facts = Given.Facts(("output.0", "logits")) } };

        Assert.Equal("the server shows no layers: it lists `logits`, and no hidden_states", Assert.IsType<Verdict.NotApplicable>(hidden.Judge().Verdict).Reason);
    }

    [Fact]
    public void A_server_that_lists_no_outputs_need_not_show_layers_and_its_words_are_kept()
    {
        var silent = Exact with { Measurement = new() { Check = "COR-06", Facts = Given.Facts(("metadata", "status 404")) } };

        Assert.Contains("status 404", Assert.IsType<Verdict.NotApplicable>(silent.Judge().Verdict).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Our_own_host_shows_layers_and_to_decline_is_no_way_out()
    {
        var hidden = Exact with { Measurement = new() { Check = "COR-06", Facts = Given.Facts(("output.0", "logits"), ("adapter", "llamacpp")) } };

        Assert.Contains("lists no output hidden_states", Judged.Reason(hidden.Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_server_lists_must_have_been_kept()
    {
        Assert.Contains("was not kept", Judged.Reason((Exact with { Measurement = Exact.Measurement with { Facts = Given.Facts() } }).Judge()), StringComparison.Ordinal);
        Assert.Contains("does not list", Judged.Reason((Exact with { Measurement = Exact.Measurement with { Facts = Given.Facts(("output.0", "logits")) } }).Judge()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_instead_of_an_answer_fails_with_the_servers_words()
    {
        var measurement = Exact.Measurement with { Facts = Exact.Measurement.Facts.Add("unread.doc-1", "status 500: no memory"), Tensors = Exact.Measurement.Tensors.RemoveAt(1) };

        Assert.Equal("1 of 3 tensors were not answered; hidden_states on doc-1: status 500: no memory", Judged.Measured((Exact with { Measurement = measurement }).Judge()));
    }

    [Fact]
    public void Tensors_inside_a_model_are_judged_in_its_order_and_named()
    {
        var parts = LayerCase.Parts([1, 12, 3, 4], [1, 6, 20]);
        Judged.Passes(parts.Judge(("tensors_min", 2)));

        var measured = Judged.Measured(parts.Answering((tensor, _, values) => tensor < 1 ? values : Turned(values, 2, 20)).Judge(("tensors_min", 2)));

        Assert.StartsWith("at `part.1`, tensor 2 of 2, (1 of 2 layers): cosine ", measured, StringComparison.Ordinal);
        Assert.EndsWith("; its channels look rotated by 2 of 20", measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Channels_of_pictures_are_the_second_axis()
    {
        var parts = LayerCase.Parts([1, 12, 3, 4], [1, 6, 20]);

        var measured = Judged.Measured(parts.Answering((tensor, _, values) => tensor > 0 ? values : [.. values[^12..], .. values[..^12]]).Judge(("tensors_min", 2)));

        Assert.StartsWith("first at `part.0`", measured, StringComparison.Ordinal);
        Assert.EndsWith("; its channels look rotated by 1 of 12", measured, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_few_tensors_decide_nothing_and_one_that_was_refused_fails()
    {
        var parts = LayerCase.Parts([1, 12, 3, 4], [1, 6, 20]);

        Assert.Contains("2 tensors; 12 are asked for", Judged.Reason(parts.Judge()), StringComparison.Ordinal);
        var refused = parts with { Measurement = parts.Measurement with { Facts = Given.Facts(("unread.doc-1", "no kernel")), Tensors = parts.Measurement.Tensors.RemoveAt(1) } };
        Assert.Contains("part.1 on line: no kernel", Judged.Measured(refused.Judge(("tensors_min", 2))), StringComparison.Ordinal);
    }

    private static float[] Turned(float[] states, int by, int width = Width)
    {
        var turned = new float[states.Length];
        for (var i = 0; i < states.Length; i++)
            turned[(i / width * width) + ((((i % width) + by) % width + width) % width)] = states[i];
        return turned;
    }
}
