using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>Golden packs whose inputs and outputs are tensors, several of each.</summary>
public sealed class TensorPackTests : IDisposable
{
    private readonly GivenTensorModel _model = new();

    [Fact]
    public void Inputs_go_out_in_the_order_of_the_signature_and_each_output_is_a_line_of_its_own()
    {
        var golden = _model.Load();

        var input = Assert.Single(golden.Inputs);
        Assert.Equal(["sound FP32 1,4", "state FP32 1,1,2", "rate INT64 "], input.Tensors.Select(tensor => $"{tensor.Name} {tensor.DataType} {string.Join(',', tensor.Shape)}"));
        Assert.Equal(["first/speech", "first/state.next", "first/label"], input.Answers);
        Assert.Equal(["FP32  500", "FP32 2000 500", "UINT8  500"], golden.Pack.Lines.Select(line => $"{line.DataType} {line.AtolPpb} {golden.Pack.AtolPpb}"));
        Assert.Null(golden.Pack.Charset);
        Assert.Equal(
            ["golden/expected/first.0.gz", "golden/expected/first.1.gz", "golden/expected/first.2.gz", "golden/golden.json", "golden/inputs/first.0.gz", "golden/inputs/first.1.gz", "golden/inputs/first.2.gz"],
            golden.Files.Keys);
    }

    [Fact]
    public void The_order_in_the_pack_does_not_matter()
    {
        var right = _model.Load();
        var (speech, label) = (Line("speech"), Line("label"));
        _model.Pack = _model.Pack.Replace(speech, "X", StringComparison.Ordinal).Replace(label, speech, StringComparison.Ordinal).Replace("X", label, StringComparison.Ordinal);

        Assert.Equal(right.Pack.Lines.Select(line => (line.Id, line.DataType)), _model.Load().Pack.Lines.Select(line => (line.Id, line.DataType)));

        string Line(string name) => _model.Pack.Split('\n').Single(line => line.Contains($"\"{name}\"", StringComparison.Ordinal)).TrimEnd(',', ']', '}').TrimStart();
    }

    [Fact]
    public void Every_output_is_looked_at_while_a_load_runs()
    {
        var answers = new GoldenAnswers(_model.Load());
        ImmutableArray<WireTensor> right =
        [
            new("speech", "FP32", [1, 1], GivenTensorModel.Floats(0.5f)), new("state.next", "FP32", [1, 1, 2], GivenTensorModel.Floats(1, -1)), new("label", "UINT8", [1], new byte[] { 7 }),
        ];

        Assert.True(answers.Agrees(0, right));
        Assert.False(answers.Agrees(0, right.SetItem(0, right[0] with { Data = GivenTensorModel.Floats(0.51f) })));
        Assert.False(answers.Agrees(0, right.SetItem(1, right[1] with { Data = GivenTensorModel.Floats(1, -1.01f) })));
        Assert.False(answers.Agrees(0, right.SetItem(2, right[2] with { Data = new byte[] { 8 } })));
        Assert.False(answers.Agrees(0, right.SetItem(2, right[2] with { DataType = "INT8" })));
        Assert.False(answers.Agrees(0, right.SetItem(0, right[0] with { Shape = [1] })));
        Assert.False(answers.Agrees(0, right.RemoveAt(2)));
    }

    [Fact]
    public void Outputs_that_a_server_gives_in_another_order_are_told_apart_by_their_names()
    {
        using var run = new GivenRun();
        var prepared = run.Prepared with { Inputs = run.Prepared.Inputs with { Model = _model.Read() } };
        ImmutableArray<WireTensor> given = [new("label", "UINT8", [1], new byte[1]), new("speech", "FP32", [1, 1], new byte[4]), new("state.next", "FP32", [1, 1, 2], new byte[8])];

        Assert.Equal(["speech", "state.next", "label"], prepared.InOrder(given).Select(output => output.Name));
    }

    public static TheoryData<string, string, string> Mistakes => new()
    {
        { "\"name\": \"sound\"", "\"name\": \"noise\"", "cases[0].inputs[0].name: `noise` is not in the model's signature, which has sound, state, rate" },
        { "\"name\": \"sound\"", "\"name\": \"state\"", "cases[0].inputs[1].name: `state` is there twice" },
        { "\"name\": \"label\"", "\"name\": \"speech\"", "cases[0].outputs[2].name: `speech` is there twice" },
        { "\"shape\": [1, 4]", "\"shape\": [1, 5]", "cases[0].inputs[0].shape: [1,5] is no shape of sound, whose signature is [-1,4]" },
        { "\"shape\": [1, 4]", "\"shape\": [4]", "cases[0].inputs[0].shape" },
        { "\"shape\": [1, 4]", "\"shape\": [2, 4]", "fewer bytes than the 32" },
        { "\"shape\": [1, 4]", "\"shape\": [0, 4]", "more bytes than the 0" },
        { "\"shape\": [1, 4]", "\"shape\": [-1, 4]", "cases[0].inputs[0].shape[0]: expected a dimension of 0 or more" },
        { "\"shape\": [1, 4]", "\"shape\": [9223372036854775807, 4]", "64 MiB" },
        { "\"shape\": [1, 4]", "\"shape\": 4", "cases[0].inputs[0].shape: expected a list" },
        { "\"shape\": [1, 4]", "\"form\": [1, 4]", "cases[0].inputs[0].shape is missing" },
        { "\"path\": \"sound.gz\"", "\"path\": \"../sound.gz\"", "cases[0].inputs[0].path: `../sound.gz` is not a path below" },
        { "\"path\": \"sound.gz\"", "\"path\": \"state.gz\"", "pinned is" },
        { "\"path\": \"sound.gz\"", "\"path\": \"none.gz\"", "none.gz" },
        { "\"outputs\": [", "\"output\": [", "cases[0].outputs is missing" },
        { "\"atolPpb\": 2000", "\"atolPpb\": \"2000\"", "cases[0].outputs[1].atolPpb: expected a whole number" },
        { "\"cases\": [{", "\"cases\": [1, {", "cases[0]: expected an object" },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void A_mistake_is_named_with_file_and_member(string from, string to, string why)
    {
        Assert.Contains(from, _model.Pack, StringComparison.Ordinal);
        _model.Pack = _model.Pack.Replace(from, to, StringComparison.Ordinal);

        var bad = Assert.Throws<BadInputException>(_model.Load);

        Assert.Contains("golden/golden.json: ", bad.Message, StringComparison.Ordinal);
        Assert.Contains(why, bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_output_that_the_pack_leaves_out_is_refused()
    {
        var line = _model.Pack.Split('\n').Single(one => one.Contains("\"state.next\"", StringComparison.Ordinal));
        _model.Pack = _model.Pack.Replace(line, "", StringComparison.Ordinal);

        Assert.Contains("cases[0].outputs: `state.next` of the signature is missing", Assert.Throws<BadInputException>(_model.Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_boolean_that_is_neither_0_nor_1_is_refused()
    {
        _model.Text = _model.Text.Replace("name: rate, datatype: INT64, shape: []", "name: rate, datatype: BOOL, shape: [2]", StringComparison.Ordinal);
        _model.Pack = _model.Pack.Replace(_model.Pack.Split('\n').Single(one => one.Contains("\"rate\"", StringComparison.Ordinal)).Trim()[..^2], _model.Entry("rate", "[2]", [1, 2]), StringComparison.Ordinal);

        Assert.Contains("neither 0 nor 1", Assert.Throws<BadInputException>(_model.Load).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("output: {kind: tensors}", "output: {kind: ctc-greedy, charset: c.txt}", "output")]
    [InlineData("input: {kind: tensors}", "input: {kind: text-line, height: 2, channels: bgr, mean: 0, std: 1}", "output")]
    [InlineData("input: {kind: tensors}", "input: {kind: tensors, height: 2}", "input.height")]
    [InlineData("datatype: UINT8", "datatype: BYTES", "signature.outputs[2].datatype")]
    [InlineData("datatype: UINT8", "datatype: uint8", "signature.outputs[2].datatype")]
    [InlineData("name: label", "name: speech", "signature.outputs")]
    [InlineData("name: rate", "name: state", "signature.inputs")]
    [InlineData("precision: fp32", "precision: fp32\ncheckpoint: other", "checkpoint")]
    [InlineData("precision: fp32", "precision: fp32\ncheckpoint: ../other", "checkpoint")]
    [InlineData("precision: fp32", "precision: fp32\nexports: []", "exports")]
    public void A_mistake_in_the_manifest_is_named(string from, string to, string key)
    {
        Assert.Contains(from, _model.Text, StringComparison.Ordinal);
        _model.Text = _model.Text.Replace(from, to, StringComparison.Ordinal);

        Assert.Contains(Assert.Throws<BadInputException>(_model.Read).Problems, problem => problem.Key == key && problem.Line > 0);
    }

    [Fact]
    public void The_echo_gets_the_same_number_of_bytes_filled_up_to_whole_numbers()
    {
        var transport = new Transport.UnixSocket("/nowhere");
        var input = new GoldenInput("x", [new WireTensor("a", "UINT8", [3], new byte[] { 1, 2, 3 }), new WireTensor("b", "INT64", [], BitConverter.GetBytes(5L))]);

        var request = Prepared.EchoRequest(transport, input);

        byte[] sent = [.. request.Http.Bytes.Span[^12..]];
        Assert.Equal([1, 2, 3, 5, 0, 0, 0, 0, 0, 0, 0, 0], sent);
    }

    public void Dispose() => _model.Dispose();
}
