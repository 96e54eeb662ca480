using Adaptation.Core;
using Adaptation.Testing.Onnx;

namespace Adaptation.Runner.Tests;

public sealed class NodeTestsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <summary>One float, 1.5, of shape [1].</summary>
    private static readonly byte[] OneFloat = [0x08, 0x01, 0x10, 0x01, 0x4A, 0x04, 0, 0, 0xC0, 0x3F];

    [Fact]
    public void A_test_is_read_with_its_operator_type_opset_inputs_and_outputs()
    {
        Write("test_neg", OnnxFile.Model([new("x", 1, [1])], [new("y", 1, [1])], [new("Neg", ["x"], ["y"])]));

        var test = Assert.Single(NodeTests.Read(_folder.Path));

        Assert.Equal(("test_neg", "Neg", "FP32", 18), (test.Id, test.Operator, test.DataType, test.Opset));
        Assert.Equal("x", Assert.Single(Assert.Single(test.Sets).Inputs).Name);
        Assert.Equal([1L], test.Sets[0].Expected[0].Shape);
    }

    [Fact]
    public void A_function_spelled_out_is_filed_under_its_operator()
    {
        Write("test_selu", OnnxFile.Model([new("x", 1, [1])], [new("y", 1, [1])], [new("Selu", ["x"], ["y"])]));
        Write("test_selu_expanded", OnnxFile.Model([new("x", 1, [1])], [new("y", 1, [1])], [new("Exp", ["x"], ["t"]), new("Where", ["t"], ["y"])]));

        Assert.All(NodeTests.Read(_folder.Path), test => Assert.Equal("Selu", test.Operator));
    }

    [Fact]
    public void A_sequence_is_reported_as_what_the_wire_cannot_carry_and_is_not_dropped()
    {
        Write("test_sequence", OnnxFile.SequenceModel());

        Assert.Contains("output y is a sequence", Assert.Single(NodeTests.Read(_folder.Path)).Uncarried, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_file_that_is_not_what_it_should_be_is_named_at_once()
    {
        Write("test_a", [1, 2, 3]);
        Write("test_b", OnnxFile.Identity(1, 1));
        _folder.Write("test_b/test_data_set_0/input_0.pb", [0x0A, 0xFF]);
        Write("test_c", OnnxFile.Identity(7, 1)); // the data is float, the model takes INT64
        Write("test_d", OnnxFile.Identity(1, 1));
        File.Delete(_folder.At("test_d/test_data_set_0/output_0.pb"));
        Directory.CreateDirectory(_folder.At("test_e"));

        var problems = Assert.Throws<BadInputException>(() => NodeTests.Read(_folder.Path)).Problems;

        Assert.Equal(
            ["test_a/model.onnx", "test_b/test_data_set_0/input_0.pb", "test_c/test_data_set_0/input_0.pb", "test_d/test_data_set_0/output_0.pb", "test_e/model.onnx"],
            problems.Select(problem => Path.GetRelativePath(_folder.Path, problem.File)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_folder_without_tests_is_refused_with_where_to_get_some() =>
        Assert.Contains("libonnx-testdata", Assert.Throws<BadInputException>(() => NodeTests.Read(_folder.Path)).Problems[0].Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private void Write(string test, byte[] model)
    {
        _folder.Write($"{test}/model.onnx", model);
        _folder.Write($"{test}/test_data_set_0/input_0.pb", OneFloat);
        _folder.Write($"{test}/test_data_set_0/output_0.pb", OneFloat);
    }
}
