using System.Net;
using System.Text;

namespace Adaptation.Conformance;

/// <summary>What every server of tensors must do, however it is made.</summary>
public abstract class ProtocolSuite(Backend backend)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_server_says_its_name_and_that_it_takes_binary_tensors()
    {
        var answer = await backend.AskAsync("v2", Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.False(string.IsNullOrEmpty(answer.Json.GetProperty("name").GetString()));
        Assert.False(string.IsNullOrEmpty(answer.Json.GetProperty("version").GetString()));
        Assert.Contains("binary_tensor_data", answer.Json.GetProperty("extensions").EnumerateArray().Select(extension => extension.GetString()));
    }

    [Theory]
    [InlineData("v2/health/live")]
    [InlineData("v2/health/ready")]
    [InlineData("v2/models/echo/ready")]
    [InlineData("v2/models/echo/versions/1/ready")]
    public async Task It_is_alive_and_ready(string path) => Assert.Equal(HttpStatusCode.OK, (await backend.AskAsync(path, Cancelled)).Status);

    [Theory]
    [InlineData("v2/models/echo")]
    [InlineData("v2/models/echo/versions/1")]
    public async Task The_model_is_described(string path)
    {
        var answer = await backend.AskAsync(path, Cancelled);

        var (input, output) = (answer.Json.GetProperty("inputs")[0], answer.Json.GetProperty("outputs")[0]);
        Assert.Equal("echo", answer.Json.GetProperty("name").GetString());
        Assert.Equal(["1"], answer.Json.GetProperty("versions").EnumerateArray().Select(version => version.GetString()));
        Assert.Equal(("x", "FP32", "[-1]"), (input.GetProperty("name").GetString(), input.GetProperty("datatype").GetString(), input.GetProperty("shape").GetRawText()));
        Assert.Equal(("y", "FP32", "[-1]"), (output.GetProperty("name").GetString(), output.GetProperty("datatype").GetString(), output.GetProperty("shape").GetRawText()));
    }

    [Theory]
    [InlineData("v2/models/other")]
    [InlineData("v2/models/echo/versions/2")]
    [InlineData("v2/models/echo/nothing")]
    [InlineData("v2/models")]
    [InlineData("v3")]
    public async Task What_is_not_there_is_not_found(string path)
    {
        var answer = await backend.AskAsync(path, Cancelled);

        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.NotEmpty(answer.Error);
    }

    [Fact]
    public async Task Inference_is_not_a_thing_to_get()
    {
        var answer = await backend.AskAsync("v2/models/echo/infer", Cancelled);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.Status);
        Assert.Contains("POST", answer.Message.Content.Headers.Allow);
    }

    [Fact]
    public async Task Binary_data_comes_back_as_binary_data()
    {
        var answer = await backend.InferAsync(Exchange.Binary(3), Exchange.Floats(1, -2.5f, float.NaN), Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("7", answer.Json.GetProperty("id").GetString());
        Assert.Equal("echo", answer.Json.GetProperty("model_name").GetString());
        Assert.Equal(12, answer.Output(0).GetProperty("parameters").GetProperty("binary_data_size").GetInt64());
        Assert.Equal("[3]", answer.Output(0).GetProperty("shape").GetRawText());
        Assert.Equal(Exchange.Floats(1, -2.5f, float.NaN), answer.Binary);
    }

    [Fact]
    public async Task JSON_data_comes_back_as_JSON_data_and_no_id_as_no_id()
    {
        var answer = await backend.InferAsync("""{"inputs":[{"name":"x","shape":[3],"datatype":"FP32","data":[1,-2.5e-3,3.4028235e38]}]}""", Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.False(answer.Json.TryGetProperty("id", out _));
        Assert.Equal([1f, -2.5e-3f, 3.4028235e38f], answer.Output(0).GetProperty("data").EnumerateArray().Select(value => value.GetSingle()));
    }

    [Fact]
    public async Task JSON_in_may_come_back_as_binary_out_and_the_other_way_round()
    {
        const string Input = """{"name":"x","shape":[2],"datatype":"FP32","data":[1,2]}""";

        var out1 = await backend.InferAsync($$$"""{"parameters":{"binary_data_output":true},"inputs":[{{{Input}}}]}""", Cancelled);
        var out2 = await backend.InferAsync($$$"""{"parameters":{"binary_data_output":true},"inputs":[{{{Input}}}],"outputs":[{"name":"y","parameters":{"binary_data":false}}]}""", Cancelled);
        var in1 = await backend.InferAsync("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}]}""", Exchange.Floats(5), Cancelled);

        Assert.Equal(Exchange.Floats(1, 2), out1.Binary);
        Assert.Equal("[1,2]", out2.Output(0).GetProperty("data").GetRawText());
        Assert.Equal("[5]", in1.Output(0).GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task The_order_of_keys_is_free_and_unknown_ones_are_passed_over()
    {
        var answer = await backend.InferAsync(
            """{"more":{"a":[1,{}]},"inputs":[{"data":[4],"parameters":{"k":"v"},"datatype":"FP32","shape":[1],"name":"x","z":null}],"id":"q\u00e9\"","parameters":{"priority":1}}""",
            Cancelled);

        Assert.Equal("qé\"", answer.Json.GetProperty("id").GetString());
        Assert.Equal("[4]", answer.Output(0).GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task A_tensor_may_be_empty()
    {
        var answer = await backend.InferAsync(Exchange.Binary(0), [], Cancelled);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("[0]", answer.Output(0).GetProperty("shape").GetRawText());
    }

    [Fact]
    public async Task No_output_may_be_asked_for()
    {
        var answer = await backend.InferAsync("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}],"outputs":[]}""", Cancelled);

        Assert.Equal(0, answer.Json.GetProperty("outputs").GetArrayLength());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_without_an_announced_length_is_taken(bool binary)
    {
        var json = Encoding.UTF8.GetBytes(binary ? Exchange.Binary(2) : """{"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[1,2]}]}""");

        var answer = await backend.InferAsync(json, binary ? Exchange.Floats(1, 2) : [], binary ? $"{json.Length}" : null, Cancelled, chunked: true);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Fact]
    public async Task Sixteen_mebibytes_come_back_unchanged()
    {
        var bytes = new byte[16 * 1024 * 1024];
        for (var index = 0; index < bytes.Length; index++)
            bytes[index] = (byte)(index * 31 >> 3);

        var answer = await backend.InferAsync(Exchange.Binary(bytes.Length / 4), bytes, Cancelled);

        Assert.True(bytes.AsSpan().SequenceEqual(answer.Binary));
    }

    [Fact]
    public async Task Requests_at_once_each_get_their_own_answer()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(
            index => backend.InferAsync(Exchange.Binary(5000), Exchange.Floats([.. Enumerable.Repeat((float)index, 5000)]), Cancelled)));

        Assert.All(answers, (answer, index) => Assert.Equal(Exchange.Floats([.. Enumerable.Repeat((float)index, 5000)]), answer.Binary));
    }

    [Fact]
    public async Task A_value_that_JSON_cannot_carry_is_refused_with_the_way_out()
    {
        var answer = await backend.InferAsync(
            """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}]}""", Exchange.Floats(float.PositiveInfinity), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("binary_data", answer.Error, StringComparison.Ordinal);
    }
}
