using System.Net;

namespace Adaptation.Conformance;

/// <summary>Every data type of the protocol, in both encodings.</summary>
public sealed class EveryTypeTests(EveryTypeOverUnix backend) : IClassFixture<EveryTypeOverUnix>
{
    /// <summary>JSON data of shape [1,2] for each type that JSON can carry: the ends of its range.</summary>
    private static readonly Dictionary<string, string> Json = new(StringComparer.Ordinal)
    {
        ["FP32"] = "[1.5,-3.4028235E+38]",
        ["FP64"] = "[0.1,-1.7976931348623157E+308]",
        ["BOOL"] = "[true,false]",
        ["UINT8"] = "[0,255]",
        ["UINT16"] = "[0,65535]",
        ["UINT32"] = "[0,4294967295]",
        ["UINT64"] = "[0,18446744073709551615]",
        ["INT8"] = "[-128,127]",
        ["INT16"] = "[-32768,32767]",
        ["INT32"] = "[-2147483648,2147483647]",
        ["INT64"] = "[-9223372036854775808,9223372036854775807]",
        ["BYTES"] = "[\"\",\"识别 \\\"a\\\"\\u0000\"]",
    };

    /// <summary>Bytes of an element; strings are given one by one.</summary>
    private static readonly Dictionary<string, int> Sizes = new(StringComparer.Ordinal)
    {
        ["FP32"] = 4,
        ["FP64"] = 8,
        ["BOOL"] = 1,
        ["UINT8"] = 1,
        ["UINT16"] = 2,
        ["UINT32"] = 4,
        ["UINT64"] = 8,
        ["INT8"] = 1,
        ["INT16"] = 2,
        ["INT32"] = 4,
        ["INT64"] = 8,
        ["FP16"] = 2,
        ["BF16"] = 2,
    };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task JSON_keeps_the_ends_of_every_range()
    {
        var answer = await InferAsync(Json.Keys, Json.Keys.ToDictionary(word => word, word => Json[word]), []);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        foreach (var (output, word) in answer.Json.GetProperty("outputs").EnumerateArray().Zip(Json.Keys))
        {
            Assert.Equal(word, output.GetProperty("datatype").GetString());
            Assert.True(System.Text.Json.JsonElement.DeepEquals(System.Text.Json.JsonDocument.Parse(Json[word]).RootElement, output.GetProperty("data")), word);
        }
    }

    [Fact]
    public async Task Binary_data_of_every_type_keeps_every_bit()
    {
        var words = EveryTypeOverUnix.Types.Select(type => type.Word).ToArray();
        var parts = words.ToDictionary(word => word, Bits);

        var answer = await InferAsync(words, [], parts);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal([.. words.SelectMany(word => parts[word])], answer.Binary);
    }

    [Theory]
    [InlineData("UINT8", "[0,256]")]
    [InlineData("UINT8", "[0,-1]")]
    [InlineData("INT8", "[0,128]")]
    [InlineData("UINT64", "[0,18446744073709551616]")]
    [InlineData("INT32", "[0,1.5]")]
    [InlineData("BOOL", "[0,1]")]
    [InlineData("BYTES", "[1,2]")]
    [InlineData("BYTES", "[\"\\udc00\",\"\"]")]
    [InlineData("FP16", "[1,2]")]
    [InlineData("BF16", "[1,2]")]
    public async Task What_a_type_cannot_hold_is_refused(string word, string data)
    {
        var answer = await InferAsync(Json.Keys, new Dictionary<string, string>(Json, StringComparer.Ordinal) { [word] = data }, []);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
    }

    [Theory]
    [InlineData("BOOL", new byte[] { 1, 2 })]
    [InlineData("BYTES", new byte[] { 1, 0, 0, 0, 65, 2, 0, 0, 0, 66 })]
    [InlineData("BYTES", new byte[] { 255, 255, 255, 255, 0, 0, 0, 0 })]
    [InlineData("BYTES", new byte[] { 0, 0, 0, 0 })]
    [InlineData("BYTES", new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    public async Task Binary_data_that_is_not_what_it_says_is_refused(string word, byte[] data)
    {
        var words = EveryTypeOverUnix.Types.Select(type => type.Word).ToArray();
        var parts = words.ToDictionary(each => each, Bits);
        parts[word] = data;

        var answer = await InferAsync(words, [], parts);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
    }

    [Fact]
    public async Task A_missing_input_is_named()
    {
        var answer = await backend.InferAsync("""{"inputs":[{"name":"x_FP32","shape":[1,2],"datatype":"FP32","data":[1,2]}],"outputs":[]}""", Cancelled);

        Assert.Contains("x_UINT8", answer.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[2]")]
    [InlineData("[1,2,1]")]
    [InlineData("[2,1]")]
    [InlineData("[]")]
    public async Task A_shape_that_is_not_the_model_s_is_refused(string shape)
    {
        var answer = await backend.InferAsync($$$"""{"inputs":[{"name":"x_FP32","shape":{{{shape}}},"datatype":"FP32","data":[1,2]}],"outputs":[]}""", Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains("[-1,2]", answer.Error, StringComparison.Ordinal);
    }

    private static byte[] Bits(string word)
    {
        if (word == "BYTES")
            return [3, 0, 0, 0, 0, 255, 254, 0, 0, 0, 0];
        var bytes = new byte[2 * Sizes[word]];
        new Random(7).NextBytes(bytes);
        return word == "BOOL" ? [1, 0] : bytes;
    }

    /// <summary>Sends what is JSON as JSON and all other inputs as binary, and asks back the outputs named, each as its input was sent.</summary>
    private Task<Answer> InferAsync(IEnumerable<string> asked, Dictionary<string, string> json, Dictionary<string, byte[]> binary)
    {
        var (inputs, data) = (new List<string>(), new List<byte>());
        foreach (var (word, _) in EveryTypeOverUnix.Types)
        {
            var bits = binary.GetValueOrDefault(word) ?? Bits(word);
            inputs.Add($$$"""{"name":"x_{{{word}}}","shape":[1,2],"datatype":"{{{word}}}",{{{(json.TryGetValue(word, out var text)
                ? $"\"data\":{text}" : $"\"parameters\":{{\"binary_data_size\":{bits.Length}}}")}}}}""");
            if (text is null)
                data.AddRange(bits);
        }
        var outputs = asked.Select(word => $$$"""{"name":"y_{{{word}}}","parameters":{"binary_data":{{{(json.ContainsKey(word) ? "false" : "true")}}}}}""");
        return backend.InferAsync($$$"""{"inputs":[{{{string.Join(',', inputs)}}}],"outputs":[{{{string.Join(',', outputs)}}}]}""", [.. data], Cancelled);
    }
}

/// <summary>An engine that fails is reported, and goes on.</summary>
public sealed class FailingEngineTests(FailingOverUnix backend) : IClassFixture<FailingOverUnix>
{
    [Fact]
    public async Task A_failure_of_the_engine_is_an_error_of_the_server_and_the_next_request_is_answered()
    {
        var failed = await backend.InferAsync(Sum("[2]", "[1,2]"), TestContext.Current.CancellationToken);
        var answered = await backend.InferAsync(Sum("[3]", "[1,2,3]"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.InternalServerError, failed.Status);
        Assert.Contains("ONNX Runtime", failed.Error, StringComparison.Ordinal);
        Assert.Equal("[2,3,4]", answered.Output(0).GetProperty("data").GetRawText());
        Assert.False(backend.Process.HasExited);
    }

    private static string Sum(string shape, string data) =>
        $$$"""{"inputs":[{"name":"y","shape":[3],"datatype":"FP32","data":[1,1,1]},{"name":"x","shape":{{{shape}}},"datatype":"FP32","data":{{{data}}}}]}""";
}
