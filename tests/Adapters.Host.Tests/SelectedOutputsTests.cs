using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Adaptation.Adapters.Abstractions;
using Microsoft.AspNetCore.Builder;

namespace Adaptation.Adapters.Host.Tests;

/// <summary>A model that computes an output only if somebody asked for it, over the wire.</summary>
public sealed class SelectedOutputsTests
{
    private static readonly AdapterFacts Facts = new() { Engine = "two", EngineVersion = "1", Platform = "two", Device = "none" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metadata_lists_what_costs_extra_like_any_other_output()
    {
        await using var two = await Serving.StartAsync(new());

        using var metadata = JsonDocument.Parse(await two.Client.GetStringAsync(new Uri("v2/models/two", UriKind.Relative), Token));

        Assert.Equal(["cheap", "dear"], metadata.RootElement.GetProperty("outputs").EnumerateArray().Select(output => output.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("cheap", "0")]
    [InlineData("dear", "1")]
    [InlineData("dear,cheap", "1,0")]
    public async Task Only_what_was_asked_for_is_computed_and_comes_in_that_order(string asked, string computed)
    {
        await using var two = await Serving.StartAsync(new());

        var outputs = await two.AskAsync(asked.Split(','));

        Assert.Equal(asked.Split(',').Select(name => (name, name == "cheap" ? 1.0 : 2.0)), outputs);
        Assert.Equal([computed], two.Model.Asked);
    }

    [Fact]
    public async Task Without_a_word_all_outputs_come_as_the_protocol_says()
    {
        await using var two = await Serving.StartAsync(new());

        Assert.Equal([("cheap", 1), ("dear", 2)], await two.AskAsync(null));
    }

    [Fact]
    public async Task An_output_that_is_not_there_is_refused_and_nothing_is_computed()
    {
        await using var two = await Serving.StartAsync(new());

        using var answer = await two.PostAsync(["dearest"]);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("it gives cheap, dear", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Empty(two.Model.Asked);
    }

    [Fact]
    public async Task Behind_the_scheduler_of_a_language_model_it_is_the_same()
    {
        await using var two = await Serving.StartAsync(new(), isText: true);

        Assert.Equal([("dear", 2)], await two.AskAsync(["dear"]));
        Assert.Equal(["1"], two.Model.Asked);
    }

    [Fact]
    public async Task A_language_model_that_computes_everything_anyway_answers_what_was_asked_for()
    {
        await using var host = await TextHost.StartAsync(new ScriptedModel());
        var asked = new { inputs = new[] { new { name = "input_ids", datatype = "INT64", shape = new[] { 1, 2 }, data = new[] { 5, 6 } } }, outputs = new[] { new { name = "logits" } } };

        using var answer = await host.Client.PostAsJsonAsync(new Uri("v2/models/scripted/infer", UriKind.Relative), asked, Token);

        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
    }

    private sealed class Serving(Two model, TextService? text, WebApplication server) : IAsyncDisposable
    {
        public Two Model => model;

        public HttpClient Client { get; } = new() { BaseAddress = new Uri(server.Urls.Single() + "/") };

        public static async Task<Serving> StartAsync(Two model, bool isText = false)
        {
            var text = isText ? new TextService("two", model, 4, TimeProvider.System) : null;
            var spec = new HostSpec { Adapter = "two", Listen = new IPEndPoint(IPAddress.Loopback, 0), ModelName = "two", MaxBody = 1 << 20 };
            var server = InferenceServer.Create(spec, Facts, new(model, text), TextWriter.Null);
            await server.StartAsync(Token);
            return new(model, text, server);
        }

        public async Task<(string Name, double Value)[]> AskAsync(string[]? outputs)
        {
            using var answer = await PostAsync(outputs);
            using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token));
            return [.. json.RootElement.GetProperty("outputs").EnumerateArray().Select(output => (output.GetProperty("name").GetString()!, output.GetProperty("data")[0].GetDouble()))];
        }

        public Task<HttpResponseMessage> PostAsync(string[]? outputs)
        {
            object[] inputs = [new { name = "x", datatype = "FP32", shape = new[] { 1 }, data = new[] { 0 } }];
            return Client.PostAsJsonAsync(
                new Uri("v2/models/two/infer", UriKind.Relative), outputs is null ? new { inputs } : (object)new { inputs, outputs = outputs.Select(name => new { name }) }, Token);
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await server.DisposeAsync();
            if (text is not null)
                await text.DisposeAsync();
        }
    }

    /// <summary>Remembers what it was asked for. A language model too, of which only the tensor face is used here.</summary>
    private sealed class Two : ITokenModel, ISelectiveModel
    {
        private readonly ScriptedModel _script = new();

        public List<string> Asked { get; } = [];

        public TensorSignature Signature { get; } = new([new("x", DataType.FP32, [1])], [new("cheap", DataType.FP32, [1]), new("dear", DataType.FP32, [1])]);

        public TokenModelFacts Vocabulary => _script.Vocabulary;

        public int Sequences => _script.Sequences;

        public int ContextLength => _script.ContextLength;

        public int BatchCapacity => _script.BatchCapacity;

        public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, CancellationToken cancellationToken) => InferAsync(inputs, [0, 1], cancellationToken);

        public Task<IReadOnlyList<Tensor>> InferAsync(IReadOnlyList<Tensor> inputs, IReadOnlyList<int> outputs, CancellationToken cancellationToken)
        {
            Asked.Add(string.Join(',', outputs));
            return Task.FromResult<IReadOnlyList<Tensor>>([.. outputs.Select(place => new Tensor(DataType.FP32, [1], BitConverter.GetBytes(place + 1f)))]);
        }

        public int[] Tokenize(string text, bool parseSpecial) => _script.Tokenize(text, parseSpecial);

        public byte[] Bytes(int token) => _script.Bytes(token);

        public ReadOnlySpan<float> Decode(TokenBatch batch) => _script.Decode(batch);

        public void Forget(int sequence, int from) => _script.Forget(sequence, from);

        public float[]? Embed(ReadOnlySpan<int> tokens) => _script.Embed(tokens);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
