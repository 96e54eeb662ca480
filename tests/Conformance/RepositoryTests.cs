using System.Net;
using System.Text;
using System.Text.Json;
using Adaptation.Testing.Onnx;

namespace Adaptation.Conformance;

/// <summary>ONNX Runtime with a repository and no model of its own.</summary>
public sealed class RepositoryOverUnix : Backend
{
    internal override Task<HostProcess> StartAsync() => HostProcess.StartAsync(
        HostProcess.EndPointKind.Unix, "--adapter", "onnxruntime", "--library", Engine.Library, "--repository", "--threads", "1", "--max-body-mib", "1");
}

/// <summary>The model repository extension: load from bytes, ask, unload, index.</summary>
public sealed class RepositoryTests(RepositoryOverUnix backend) : IClassFixture<RepositoryOverUnix>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_model_that_is_loaded_answers_and_one_that_is_unloaded_does_not()
    {
        await LoadedAsync("one", OnnxFile.Identity(1, "N"));

        Assert.Equal(HttpStatusCode.OK, (await InferAsync("one")).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("v2/models/one/ready")).Status);
        Assert.Contains("\"FP32\"", (await GetAsync("v2/models/one")).Body, StringComparison.Ordinal);
        Assert.Contains("\"one\"", (await PostAsync("v2/repository/index", "")).Body, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("v2/repository/models/one/unload", "")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await InferAsync("one")).Status);
        Assert.DoesNotContain("\"one\"", (await PostAsync("v2/repository/index", "")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_load_of_a_name_replaces_the_first()
    {
        await LoadedAsync("two", OnnxFile.Identity(1, "N"));
        await LoadedAsync("two", OnnxFile.Model([new("x", 1, ["N"])], [new("y", 1, ["N"])], [new("Neg", ["x"], ["y"])]));

        Assert.Contains("[-1]", (await InferAsync("two")).Body, StringComparison.Ordinal);
        await PostAsync("v2/repository/models/two/unload", "");
    }

    [Fact]
    public async Task What_the_engine_does_not_support_is_refused_in_its_words_and_nothing_stays()
    {
        var refused = await LoadAsync("three", OnnxFile.Model([new("x", 1, ["N"])], [new("y", 1, ["N"])], [new("NoSuchOperator", ["x"], ["y"])]));

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("NoSuchOperator", Error(refused.Body), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("v2/models/three")).Status);
    }

    [Fact]
    public async Task A_failed_load_leaves_the_model_of_that_name_as_it_was()
    {
        await LoadedAsync("four", OnnxFile.Identity(1, "N"));

        Assert.Equal(HttpStatusCode.BadRequest, (await LoadAsync("four", [1, 2, 3])).Status);
        Assert.Equal(HttpStatusCode.OK, (await InferAsync("four")).Status);
        await PostAsync("v2/repository/models/four/unload", "");
    }

    [Fact]
    public async Task At_most_64_models_are_loaded_and_one_may_come_when_one_has_gone()
    {
        for (var number = 0; number < 64; number++)
            await LoadedAsync($"many-{number}", OnnxFile.Identity(1, "N"));

        var refused = await LoadAsync("many-64", OnnxFile.Identity(1, "N"));
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("64 models", Error(refused.Body), StringComparison.Ordinal);
        await LoadedAsync("many-63", OnnxFile.Identity(1, "N"));
        await PostAsync("v2/repository/models/many-0/unload", "");
        await LoadedAsync("many-64", OnnxFile.Identity(1, "N"));
        for (var number = 1; number <= 64; number++)
            await PostAsync($"v2/repository/models/many-{number}/unload", "");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"parameters":{}}""")]
    [InlineData("""{"parameters":{"file:model.onnx":7}}""")]
    [InlineData("""{"parameters":{"file:model.onnx":"no base64!"}}""")]
    [InlineData("""{"parameters":{"file:model.onnx":""}}""")]
    [InlineData("""{"parameters":{"file:model.pt":"AAAA"}}""")]
    [InlineData("""{"parameters":{"file:":"AAAA"}}""")]
    [InlineData("""{"parameters":{"file:../../etc/passwd":"AAAA"}}""")]
    [InlineData("""{"parameters":{"file:a.onnx":"AAAA","file:b.onnx":"AAAA"}}""")]
    [InlineData("""{"parameters":{"config":"{}","file:a.onnx":"AAAA"}}""")]
    [InlineData("""{"parameters":{"file:a.onnx":"AAAA"},"parameters":{"file:a.onnx":"AAAA"}}""")]
    [InlineData("""{"parameters":{"file:a.onnx":"AAAA"}} {}""")]
    [InlineData("""{"parameters":{"file:a.onnx":"AAAA"}""")]
    [InlineData("""{"parameters":{"file:a\udc00.onnx":"AAAA"}}""")]
    public async Task A_load_that_is_none_is_refused_with_a_reason(string body)
    {
        var refused = await PostAsync("v2/repository/models/five/load", body);

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.NotEmpty(Error(refused.Body));
        Assert.False(backend.Process.HasExited);
    }

    [Theory]
    [InlineData("a%20b")]
    [InlineData("..%2f..")]
    [InlineData("%E8%AF%97")]
    public async Task A_name_that_is_not_plain_is_refused(string name)
    {
        var refused = await PostAsync($"v2/repository/models/{name}/load", Body(OnnxFile.Identity(1, "N")));

        Assert.True(refused.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, refused.Body);
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused()
    {
        var refused = await LoadAsync("six", new byte[1 << 20]);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.Status);
    }

    [Theory]
    [InlineData("v2/repository/models/seven/unload", HttpStatusCode.NotFound)]
    [InlineData("v2/repository/models/seven/reload", HttpStatusCode.NotFound)]
    [InlineData("v2/repository", HttpStatusCode.NotFound)]
    public async Task What_is_not_there_is_said(string path, HttpStatusCode status) => Assert.Equal(status, (await PostAsync(path, "")).Status);

    [Fact]
    public async Task A_model_is_asked_and_replaced_at_once_and_every_answer_is_whole()
    {
        await LoadedAsync("eight", OnnxFile.Identity(1, "N"));
        var asking = Enumerable.Range(0, 40).Select(_ => InferAsync("eight")).ToArray();
        for (var round = 0; round < 5; round++)
            await LoadedAsync("eight", OnnxFile.Identity(1, "N"));

        foreach (var answer in await Task.WhenAll(asking))
            Assert.Equal(HttpStatusCode.OK, answer.Status);
        await PostAsync("v2/repository/models/eight/unload", "");
    }

    [Fact]
    public async Task The_extension_is_announced_only_where_it_is_served()
    {
        await using var plain = await HostProcess.StartAsync(HostProcess.EndPointKind.Unix, "--adapter", "echo");

        Assert.Contains("model_repository", (await GetAsync("v2")).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("model_repository", await plain.Client.GetStringAsync(new Uri("v2", UriKind.Relative), Cancelled), StringComparison.Ordinal);
        using var index = await plain.Client.PostAsync(new Uri("v2/repository/index", UriKind.Relative), new StringContent(""), Cancelled);
        Assert.Equal(HttpStatusCode.NotFound, index.StatusCode);
    }

    [Fact]
    public async Task A_server_takes_a_model_of_its_own_besides_and_keeps_it()
    {
        var folder = Directory.CreateTempSubdirectory("adaptation-").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.onnx"), OnnxFile.Identity(1, "N"), Cancelled);
        await using var both = await HostProcess.StartAsync(
            HostProcess.EndPointKind.Unix, "--adapter", "onnxruntime", "--library", Engine.Library, "--model", folder, "--model-name", "own", "--repository");

        using var load = await both.Client.PostAsync(new Uri("v2/repository/models/own/load", UriKind.Relative), new StringContent(Body(OnnxFile.Identity(1, "N"))), Cancelled);
        using var index = await both.Client.PostAsync(new Uri("v2/repository/index", UriKind.Relative), new StringContent(""), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, load.StatusCode);
        Assert.Contains("\"own\"", await index.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("echo")]
    [InlineData("llamacpp")]
    public async Task An_adapter_that_cannot_open_models_while_it_serves_says_so(string adapter)
    {
        var (exit, error, _) = await HostProcess.RunAsync("--adapter", adapter, "--repository", "--listen", "unix:/tmp/adaptation-none.sock");

        Assert.Equal(3, exit);
        Assert.Contains("--repository", error, StringComparison.Ordinal);
    }

    private async Task LoadedAsync(string name, byte[] model)
    {
        var loaded = await LoadAsync(name, model);
        Assert.True(loaded.Status == HttpStatusCode.OK, loaded.Body);
    }

    private Task<(HttpStatusCode Status, string Body)> LoadAsync(string name, byte[] model) => PostAsync($"v2/repository/models/{name}/load", Body(model));

    private static string Body(byte[] model) => "{\"parameters\":{\"file:model.onnx\":\"" + Convert.ToBase64String(model) + "\"}}";

    private Task<(HttpStatusCode Status, string Body)> InferAsync(string name) =>
        PostAsync($"v2/models/{name}/infer", """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""");

    private async Task<(HttpStatusCode Status, string Body)> PostAsync(string path, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(body, Encoding.UTF8) };
        request.Headers.ExpectContinue = body.Length > 1 << 20; // a refusal comes before the body is read, and then the server hangs up
        using var answer = await backend.Client.SendAsync(request, Cancelled);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private async Task<(HttpStatusCode Status, string Body)> GetAsync(string path)
    {
        using var answer = await backend.Client.GetAsync(new Uri(path, UriKind.Relative), Cancelled);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private static string Error(string body) => JsonDocument.Parse(body).RootElement.GetProperty("error").GetString()!;
}
