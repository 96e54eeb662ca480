using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Adaptation.Adapters.Abstractions;
using Microsoft.AspNetCore.Builder;

namespace Adaptation.Adapters.Host.Tests;

/// <summary>A model whose code declares no types, as TorchScript's does, over the wire.</summary>
public class FreeTypeTests : IAsyncLifetime
{
    private readonly WebApplication _server = InferenceServer.Create(
        new HostSpec { Adapter = "free", Listen = new IPEndPoint(IPAddress.Loopback, 0), ModelName = "free", MaxBody = 1 << 20 },
        new AdapterFacts { Engine = "free", EngineVersion = "1", Platform = "free", Device = "none" }, new Free(), text: null, TextWriter.Null);

    private readonly HttpClient _client = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _server.StartAsync(Token);
        _client.BaseAddress = new Uri(_server.Urls.Single() + "/v2/models/free/");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Its_metadata_names_the_tensor_and_no_type()
    {
        using var metadata = JsonDocument.Parse(await _client.GetStringAsync(new Uri("../free", UriKind.Relative), Token));

        var input = metadata.RootElement.GetProperty("inputs")[0];

        Assert.Equal(("x", ""), (input.GetProperty("name").GetString(), input.GetProperty("datatype").GetString()));
    }

    [Theory]
    [InlineData("FP32", "1.5")]
    [InlineData("INT64", "-7")]
    [InlineData("BOOL", "true")]
    public async Task Every_type_is_taken_and_comes_back_as_what_it_is(string type, string value)
    {
        using var answer = JsonDocument.Parse(await (await AskAsync(type, value)).Content.ReadAsStringAsync(Token));

        var output = answer.RootElement.GetProperty("outputs")[0];

        Assert.Equal((type, value), (output.GetProperty("datatype").GetString(), output.GetProperty("data")[0].GetRawText()));
    }

    [Fact]
    public async Task A_type_with_no_form_in_JSON_is_refused_when_it_shows()
    {
        using var body = new ByteArrayContent([.. "{\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP16\",\"shape\":[1],\"parameters\":{\"binary_data_size\":2}}]}"u8, 0, 0x3c]);
        body.Headers.Add("Inference-Header-Content-Length", (body.Headers.ContentLength!.Value - 2).ToString(System.Globalization.CultureInfo.InvariantCulture));

        var answer = await _client.PostAsync(new Uri("infer", UriKind.Relative), body, Token);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("is FP16, which JSON cannot carry", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> AskAsync(string type, string value) => _client.PostAsJsonAsync(
        new Uri("infer", UriKind.Relative), new { inputs = new[] { new { name = "x", datatype = type, shape = new[] { 1 }, data = new[] { JsonDocument.Parse(value).RootElement } } } }, Token);

    private sealed class Free : ITensorModel
    {
        public TensorSignature Signature { get; } = new([new("x", Type: null, Shape: null)], [new("y", Type: null, Shape: null)]);

        public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken) => Task.FromResult(inputs);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
