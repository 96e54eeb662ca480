namespace Adaptation.Runner.Tests;

public sealed class OipClientTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(200, "", true)]
    [InlineData(200, """{"ready":true}""", true)]
    [InlineData(200, """{"name":"m"}""", true)]
    [InlineData(200, """{"ready":false}""", false)]
    [InlineData(400, "", false)]
    [InlineData(503, """{"error":"loading"}""", false)]
    public void Readiness_is_the_status_unless_the_body_denies_it(int status, string body, bool ready)
    {
        using var server = ScriptedServer.Answering(GivenWire.PlainJson(body, status));
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

        Assert.Equal(ready, client.IsReady(GivenWire.Ample, Token));
        Assert.Equal(ready, client.IsModelReady("m", GivenWire.Ample, Token));
    }

    [Fact]
    public void A_model_is_asked_for_by_its_escaped_name_and_described()
    {
        var asked = "";
        using var server = ScriptedServer.OnTcp(peer =>
        {
            peer.ReadRequest();
            asked = System.Text.Encoding.ASCII.GetString(peer.Request);
            peer.Send(GivenWire.PlainJson(
                """{"name":"a b","versions":["1"],"platform":"onnx","inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}],"outputs":[]}"""));
        });
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

        var model = client.ReadModelMetadata("a b", GivenWire.Ample, Token);

        Assert.StartsWith($"GET /v2/models/a%20b HTTP/1.1\r\nHost: {server.Transport}\r\n", asked, StringComparison.Ordinal);
        Assert.Equal(("a b", "onnx"), (model.Name, model.Platform));
        Assert.Equal([-1L, 4], Assert.Single(model.Inputs).Shape);
    }

    [Fact]
    public void A_server_describes_itself()
    {
        using var server = ScriptedServer.Answering(GivenWire.PlainJson("""{"name":"s","version":"2","extensions":["binary_tensor_data"]}"""));
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

        var metadata = client.ReadServerMetadata(GivenWire.Ample, Token);

        Assert.Equal(("s", "2", "binary_tensor_data"), (metadata.Name, metadata.Version, Assert.Single(metadata.Extensions)));
    }

    [Theory]
    [InlineData(200, """{"version":"2"}""", WireFailure.Protocol)]
    [InlineData(200, """{"name":"s","version":2}""", WireFailure.Protocol)]
    [InlineData(200, """{"name":"s","version":"2","extensions":[1]}""", WireFailure.Protocol)]
    [InlineData(200, "hello", WireFailure.Protocol)]
    [InlineData(500, "{}", WireFailure.ServerError)]
    public void A_description_that_is_none_is_refused(int status, string body, WireFailure kind)
    {
        using var server = ScriptedServer.Answering(GivenWire.PlainJson(body, status));
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);

        Assert.Equal(kind, Assert.Throws<WireException>(() => client.ReadServerMetadata(GivenWire.Ample, Token)).Kind);
    }

    [Fact]
    public void A_request_is_spelled_as_the_protocol_spells_it()
    {
        var request = InferRequest.Create(
            new Transport.Tcp("device", 8000), "m", [new WireTensor("x", "FP32", [1, 2], GivenWire.EightBytes)], ["y"]);

        const string Json = """{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}""";
        Assert.Equal(
            $"POST /v2/models/m/infer HTTP/1.1\r\nHost: device:8000\r\nContent-Type: application/octet-stream\r\n"
            + $"Inference-Header-Content-Length: {Json.Length}\r\nContent-Length: {Json.Length + 8}\r\n\r\n{Json}\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007",
            System.Text.Encoding.ASCII.GetString(request.Http.Bytes.Span));
    }

    [Fact]
    public void A_call_allocates_little_more_than_the_answer_it_returns()
    {
        const int Calls = 200;
        using var cancel = new CancellationTokenSource();
        using var server = ScriptedServer.Answering(GivenWire.Good());
        using var client = new OipClient(server.Transport, TimeProvider.System, WireLimits.Default);
        var (request, buffer) = (GivenWire.Request(server.Transport), new AnswerBuffer());
        for (var warmUp = 0; warmUp < 10; warmUp++)
            client.Infer(request, buffer, GivenWire.Ample, cancel.Token);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var call = 0; call < Calls; call++)
            client.Infer(request, buffer, GivenWire.Ample, cancel.Token);

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Calls, 0, 256);
    }
}
