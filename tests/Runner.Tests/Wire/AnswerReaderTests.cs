using System.Collections.Immutable;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Adaptation.Runner.Tests;

public sealed class AnswerReaderTests
{
    /// <summary>Outputs that break the protocol, and a word of the message that says how.</summary>
    public static TheoryData<string, string> WrongOutputs => new()
    {
        { "", "no outputs" },
        { "7", "outputs[0] is of kind Number" },
        { """{"datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}""", "name is missing" },
        { """{"name":"z","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}""", "lacks the output 'y'" },
        { """{"name":7,"datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}""", "name is of kind Number" },
        { """{"name":"y","datatype":"FP32","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}""", "not JSON" },
        { """{"name":"y","datatype":"FP31","shape":[2],"parameters":{"binary_data_size":8}}""", "'FP31' is unknown" },
        { """{"name":"y","datatype":"fp32","shape":[2],"parameters":{"binary_data_size":8}}""", "'fp32' is unknown" },
        { """{"name":"y","datatype":"FP32","shape":2,"parameters":{"binary_data_size":8}}""", "shape is of kind Number" },
        { """{"name":"y","datatype":"FP32","shape":[-2],"parameters":{"binary_data_size":8}}""", "shape[0] is -2" },
        { """{"name":"y","datatype":"FP32","shape":[-1,-2],"parameters":{"binary_data_size":8}}""", "shape[0] is -1" },
        { """{"name":"y","datatype":"FP32","shape":[2.0],"parameters":{"binary_data_size":8}}""", "shape[0] is 2.0" },
        { """{"name":"y","datatype":"FP32","shape":["2"],"parameters":{"binary_data_size":8}}""", "shape[0]" },
        { """{"name":"y","datatype":"FP32","shape":[99999999999999999999],"parameters":{"binary_data_size":8}}""", "shape[0]" },
        { """{"name":"y","datatype":"FP32","shape":[4294967296,4294967296],"parameters":{"binary_data_size":8}}""", "can be counted" },
        { """{"name":"y","datatype":"FP32","shape":[4611686018427387906],"parameters":{"binary_data_size":8}}""", "takes 18446744073709551624 bytes" },
        { """{"name":"y","datatype":"FP32","shape":[3],"parameters":{"binary_data_size":8}}""", "takes 12 bytes, and has 8" },
        { """{"name":"y","datatype":"FP64","shape":[2],"parameters":{"binary_data_size":8}}""", "takes 16 bytes, and has 8" },
        { """{"name":"y","datatype":"BOOL","shape":[8],"parameters":{"binary_data_size":8}}""", "neither 0 nor 1" },
        { """{"name":"y","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":8}}""", "behind its length" },
        { """{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":9}}""", "8 binary bytes are left" },
        { """{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}""", "4 are left over" },
        { """{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":-8}}""", "binary_data_size is -8" },
        { """{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":"8"}}""", "binary_data_size" },
        { """{"name":"y","datatype":"FP32","shape":[2],"parameters":[8]}""", "parameters is of kind Array" },
        { """{"name":"y","datatype":"FP32","shape":[2],"data":[1,2],"parameters":{"binary_data_size":8}}""", "found both" },
        { """{"name":"y","datatype":"FP32","shape":[2]}""", "found neither" },
        { """{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}},{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}""", "comes twice" },
        { """{"name":"y","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}},{"name":"w","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}""", "not asked for" },
        { """{"name":"\uD800","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}""", "not valid Unicode" },
    };

    /// <summary>JSON data that does not fit its type or shape.</summary>
    public static TheoryData<string, string, string> WrongData => new()
    {
        { "FP32", "[2]", "[1]" }, { "FP32", "[2]", "[1,2,3]" }, { "FP32", "[2]", "[1,NaN]" }, { "FP32", "[2]", "[1,Infinity]" },
        { "FP32", "[2]", "[1,\"NaN\"]" }, { "FP32", "[2]", "[1,null]" }, { "FP32", "[2]", "[1,1e39]" }, { "FP64", "[1]", "[1e999]" },
        { "FP16", "[1]", "[65520]" }, { "BF16", "[1]", "[3.4e38]" }, { "FP32", "[2]", "[1,2,]" }, { "FP32", "[2]", "[1,02]" },
        { "INT8", "[1]", "[128]" }, { "UINT8", "[1]", "[-1]" }, { "UINT8", "[1]", "[256]" }, { "INT16", "[1]", "[32768]" },
        { "UINT16", "[1]", "[65536]" }, { "INT32", "[1]", "[2147483648]" }, { "UINT32", "[1]", "[4294967296]" }, { "INT32", "[1]", "[1.5]" },
        { "INT64", "[1]", "[9223372036854775808]" }, { "UINT64", "[1]", "[-1]" }, { "BOOL", "[1]", "[1]" }, { "BYTES", "[1]", "[1]" },
        { "INT64", "[2,2]", "[[1,2],[3]]" }, { "INT64", "[2,2]", "[[1,2],3]" }, { "INT64", "[2,2]", "[[1,2]]" }, { "INT64", "[2,2]", "[[[1],[2]],[[3],[4]]]" },
        { "INT64", "[4]", "[[1,2],[3,4]]" }, { "INT64", "[1000000,1000000]", "[1]" }, { "INT64", "[1]", "7" }, { "FP32", "[2]", "[1,2" },
    };

    public static TheoryData<string> WrongBodies => [
        "", "null", "[]", "garbage", "{", """{"model_name":"echo"}""", """{"outputs":[]}""", """{"model_name":"other","outputs":[]}""",
        """{"model_name":"echo","outputs":{}}""", """{"model_name":"echo","model_name":"echo","outputs":[]}""", """{"model_name":"echo","outputs":[]} x""",
        """{"model_name":"echo",/* so */"outputs":[]}""", """{"model_name":null,"outputs":[]}""", "\uFEFF{}",
    ];

    [Theory, MemberData(nameof(WrongOutputs))]
    public void An_output_that_breaks_the_protocol_is_refused_and_the_message_says_how(string outputs, string word)
    {
        var json = $$"""{"model_name":"echo","outputs":[{{outputs}}]}""";

        var failure = GivenWire.Failure(GivenWire.Binary(json, outputs.Length == 0 ? [] : GivenWire.EightBytes));

        Assert.Equal(WireFailure.Protocol, failure.Kind);
        Assert.Contains(word, failure.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(WrongData))]
    public void Json_data_that_does_not_fit_is_refused(string dataType, string shape, string data) =>
        Assert.Equal(WireFailure.Protocol, GivenWire.Failure(GivenWire.PlainJson(Output(dataType, shape, data))).Kind);

    [Theory, MemberData(nameof(WrongBodies))]
    public void A_body_that_is_not_an_answer_is_refused(string body) =>
        Assert.Equal(WireFailure.Protocol, GivenWire.Failure(GivenWire.PlainJson(body)).Kind);

    [Theory]
    [InlineData("FP32", "[2]", "[1,-2.5]", "0000803f000020c0")]
    [InlineData("FP64", "[1]", "[0.1]", "9a9999999999b93f")]
    [InlineData("FP16", "[2]", "[1,65504]", "003cff7b")]
    [InlineData("BF16", "[3]", "[1,1.00390625,1.0039062500001]", "803f803f813f")]
    [InlineData("INT8", "[2]", "[-128,127]", "807f")]
    [InlineData("UINT8", "[2]", "[0,255]", "00ff")]
    [InlineData("INT16", "[1]", "[-2]", "feff")]
    [InlineData("UINT16", "[1]", "[65535]", "ffff")]
    [InlineData("INT32", "[2,2]", "[[1,2],[3,-1]]", "010000000200000003000000ffffffff")]
    [InlineData("UINT32", "[2,1]", "[1,4294967295]", "01000000ffffffff")]
    [InlineData("INT64", "[1]", "[-9223372036854775808]", "0000000000000080")]
    [InlineData("UINT64", "[1]", "[18446744073709551615]", "ffffffffffffffff")]
    [InlineData("BOOL", "[2]", "[true,false]", "0100")]
    [InlineData("BYTES", "[2]", "[\"a\",\"\u00e9\"]", "010000006102000000c3a9")]
    [InlineData("FP32", "[]", "[1]", "0000803f")]
    [InlineData("FP32", "[0,5]", "[]", "")]
    [InlineData("FP32", "[2,0]", "[[],[]]", "")]
    public void Json_data_becomes_the_bytes_that_the_binary_extension_would_send(string dataType, string shape, string data, string hex)
    {
        var output = Assert.Single(GivenWire.InferOnce(GivenWire.PlainJson(Output(dataType, shape, data))));

        Assert.Equal(hex, Convert.ToHexStringLower(output.Data.Span));
    }

    [Fact]
    public void A_binary_size_without_the_header_that_says_where_json_ends_is_refused() => Assert.Contains(
        "no Inference-Header-Content-Length", GivenWire.Failure(GivenWire.PlainJson(GivenWire.Json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(10_000)]
    [InlineData(3)]
    [InlineData(0)]
    public void A_json_length_that_lies_is_refused(int length)
    {
        var answer = GivenWire.Ascii($"HTTP/1.1 200 OK\r\nInference-Header-Content-Length: {length}\r\nContent-Length: {GivenWire.Json.Length}\r\n\r\n{GivenWire.Json}");

        Assert.Equal(WireFailure.Protocol, GivenWire.Failure(answer).Kind);
    }

    [Theory]
    [InlineData(400, """{"error":"shape [3] wanted"}""", "status 400: shape [3] wanted")]
    [InlineData(500, "<html>\u001b[31mInternal\r\nError</html>", "status 500: <html>.[31mInternal..Error</html>")]
    [InlineData(503, "", "status 503: ")]
    [InlineData(404, """{"error":{"code":7}}""", "status 404: {\"code\":7}")]
    [InlineData(200, """{"error":"out of memory"}""", "out of memory")]
    [InlineData(302, """{"error":"elsewhere"}""", "status 302: elsewhere")]
    public void An_error_of_the_server_comes_with_its_status_and_words(int status, string body, string words)
    {
        var failure = GivenWire.Failure(GivenWire.PlainJson(body, status));

        Assert.Equal((WireFailure.ServerError, status), (failure.Kind, failure.Status));
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_above_its_limit_is_refused() => Assert.Contains(
        "the limit is 50", GivenWire.Failure(GivenWire.Good(), new WireLimits { JsonBytes = 50 }).Message, StringComparison.Ordinal);

    [Fact]
    public void Whatever_byte_of_an_answer_is_changed_it_is_an_answer_or_a_wire_exception()
    {
        var good = GivenWire.Good();
        var body = good.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        var request = GivenWire.Request(new Transport.UnixSocket("unused"));
        var head = HttpHead.Parse(good.AsSpan(0, body - 2));
        Prop.ForAll<int, byte>((where, value) =>
        {
            var changed = good[body..];
            changed[(int)((uint)where % (uint)changed.Length)] = value;
            try
            {
                return !AnswerReader.Read(request, new HttpAnswer(0, 1, head, default, changed), WireLimits.Default).IsEmpty;
            }
            catch (WireException)
            {
                return true;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Fact]
    public void What_is_encoded_is_decoded_to_the_same()
    {
        string[] types = ["BOOL", "INT8", "UINT8", "INT16", "UINT16", "FP16", "BF16", "INT32", "UINT32", "FP32", "INT64", "UINT64", "FP64", "BYTES"];
        using var server = ScriptedServer.OnUnixSocket(Echo);
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);
        var buffer = new AnswerBuffer();
        Prop.ForAll<int>(seed =>
        {
            var random = new Random(seed);
            var inputs = Enumerable.Range(0, random.Next(1, 4)).Select(number => Tensor($"t{number}", types[random.Next(types.Length)], random)).ToImmutableArray();
            var request = InferRequest.Create(server.Transport, "echo", inputs, []);

            var outputs = client.Infer(request, buffer, GivenWire.Ample, CancellationToken.None).Parse();

            return outputs.Length == inputs.Length && outputs.Zip(inputs).All(pair =>
                pair.First.Name == pair.Second.Name && pair.First.DataType == pair.Second.DataType
                && pair.First.Shape.SequenceEqual(pair.Second.Shape) && pair.First.Data.Span.SequenceEqual(pair.Second.Data.Span));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void A_request_whose_data_does_not_fit_its_shape_cannot_be_made() => Assert.Throws<ArgumentException>(() => InferRequest.Create(
        new Transport.UnixSocket("unused"), "echo", [new WireTensor("x", "FP32", [3], new byte[8])], []));

    private static string Output(string dataType, string shape, string data) =>
        $$"""{"model_name":"echo","outputs":[{"data":{{data}},"name":"y","datatype":"{{dataType}}","shape":{{shape}}}]}""";

    private static WireTensor Tensor(string name, string dataType, Random random)
    {
        var shape = Enumerable.Range(0, random.Next(0, 4)).Select(_ => random.NextInt64(0, 9)).ToImmutableArray();
        var count = shape.Aggregate(1L, (product, dimension) => product * dimension);
        if (dataType == "BYTES")
        {
            var strings = Enumerable.Range(0, (int)count).SelectMany(_ => random.Next(20) is var length
                ? new byte[length].Prepend((byte)0).Prepend((byte)0).Prepend((byte)0).Prepend((byte)length) : []);
            return new(name, dataType, shape, strings.ToArray());
        }

        var data = new byte[count * TensorType.SizeOf(dataType)!.Value];
        random.NextBytes(data);
        return new(name, dataType, shape, dataType == "BOOL" ? Array.ConvertAll(data, one => (byte)(one & 1)) : data);
    }

    /// <summary>Sends back the request's inputs as outputs: the two are spelled alike.</summary>
    private static void Echo(Peer peer)
    {
        while (peer.ReadRequest())
        {
            var text = Encoding.Latin1.GetString(peer.Request);
            var body = text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
            const string Field = "Inference-Header-Content-Length: ";
            var from = text.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
            var length = int.Parse(text[from..text.IndexOf('\r', from)], System.Globalization.CultureInfo.InvariantCulture);
            var json = body[..length].Replace("{\"inputs\":", "{\"model_name\":\"echo\",\"outputs\":", StringComparison.Ordinal);
            peer.Send(GivenWire.Binary(json, Encoding.Latin1.GetBytes(body[length..])));
        }
    }
}
