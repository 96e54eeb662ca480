using System.Collections.Immutable;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Adaptation.Certificates;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing.Onnx;

namespace Adaptation.Runner.Tests;

/// <summary>Tensors inside a model as a step of a certification: the container is a fake, the server behind its socket is our real host with ONNX Runtime.</summary>
public sealed class LayerStepTests : IAsyncLifetime
{
    private static readonly string OcrModel = Environment.GetEnvironmentVariable("ADAPTATION_OCR_MODEL")
        ?? throw new InvalidOperationException("ADAPTATION_OCR_MODEL is not set. Set it to the ONNX file of ppocrv4-rec; ./test does so.");

    private HostServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await HostServer.StartAsync();

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Inside_the_shipped_model_another_engine_computes_what_the_pack_says()
    {
        using var run = Shipped((_, _, request) => _server.Relay(request));

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        var finding = judgement.Finding("COR-06");
        Assert.True(finding.Verdict is Verdict.Pass, finding.Verdict.ToString());
        Assert.InRange(finding.Figures.Single(figure => figure.Name == "smallest cosine").ValueMilli, 99_999, 100_000);
        Assert.InRange(finding.Figures.Single(figure => figure.Name == "largest relative L2").ValueMilli, 100_000, 300_000); // 2e-4: what the pack's 11 bits leave
        Assert.Equal(16_000, finding.Figures.Single(figure => figure.Name == "layers").ValueMilli);
    }

    [Theory]
    [InlineData("p2o.Add.127", "from `p2o.Add.127`, tensor 5 of 16, on (12 of 16 layers)")]
    [InlineData("p2o.Add.271", "from `p2o.Add.271`, tensor 14 of 16, on (3 of 16 layers)")]
    public async Task Channels_that_are_rotated_after_a_block_are_found_there_and_said_to_be(string block, string where)
    {
        using var run = Shipped((_, _, request) => _server.Relay(Rotating(request, block)));

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        var measured = Assert.IsType<Verdict.Fail>(judgement.Finding("COR-06").Verdict).Measured;
        Assert.StartsWith(where, measured, StringComparison.Ordinal);
        Assert.Contains("its channels look rotated by 1 of", measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_answered_is_kept_and_verified_by_a_stranger()
    {
        using var run = Small();

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.True(judgement.Outcome == Outcome.Certified, string.Join('\n', judgement.Findings.Select(finding => $"{finding.Check} {finding.Verdict}")));
        Assert.IsType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
        Assert.Equal(["layer-01.bin", "layer-02.bin"], Directory.GetFiles(run.Only().InEvidence("outputs/layers")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var spec = Assert.Single(run.Engine.All).Spec;
        Assert.Equal(["/run/adaptation"], spec.Mounts.Select(mount => mount.Target)); // no model: it is handed one while it serves
        File.Delete(run.Only().InEvidence("outputs/layers/layer-02.bin"));
        Assert.IsNotType<EvidenceVerification.Accepted>(run.Verify(run.Only()));
    }

    [Fact]
    public async Task A_server_that_refuses_the_model_with_its_insides_shown_fails_with_its_words()
    {
        using var run = Small((_, _, request) => Encoding.ASCII.GetString(request.AsSpan(0, 64)).Contains("/load", StringComparison.Ordinal)
            ? GivenWire.PlainJson("""{"error":"no more outputs than one"}""", 400) : _server.Relay(request));

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Contains("no more outputs than one", Assert.IsType<Verdict.Fail>(judgement.Finding("COR-06").Verdict).Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_dies_when_it_is_asked_fails()
    {
        using var run = Small((_, container, request) =>
        {
            if (container.Served > 2)
                container.Die(139);
            return _server.Relay(request);
        });

        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);

        Assert.Contains("exit code 139", Assert.IsType<Verdict.Fail>(judgement.Finding("COR-06").Verdict).Measured, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_takes_no_models_and_a_pack_without_layers_are_left_out_with_the_reason()
    {
        using var own = new GivenRun("layers");
        using var without = new GivenRun("layers", profile: OperatorStepTests.WithAdapter);

        Assert.Contains("a server of its own", await ReasonAsync(own), StringComparison.Ordinal);
        Assert.Contains("the golden pack of m has no exact values", await ReasonAsync(without), StringComparison.Ordinal);
    }

    private static async Task<string> ReasonAsync(GivenRun run)
    {
        var judgement = await run.Conductor().StartAsync(run.Prepared, run.Runs, Token);
        Assert.Empty(run.Engine.All);
        return Assert.IsType<Verdict.NotApplicable>(judgement.Finding("COR-06").Verdict).Reason;
    }

    /// <summary>Two tensors of x * x + x, of which the pack says what they are.</summary>
    private GivenRun Small(Func<GivenRun, FakeContainer, byte[], byte[]?>? answer = null)
    {
        var run = new GivenRun("layers", answer ?? ((_, _, request) => _server.Relay(request)), OperatorStepTests.WithAdapter);
        var bytes = OnnxFile.Model([new("x", 1, ["N", 3, 2, "W"])], [new("y", 1, null)], [new("Mul", ["x", "x"], ["square"]), new("Add", ["square", "x"], ["sum"]), new("Relu", ["sum"], ["y"])]);
        var input = run.Prepared.Golden.Inputs[0];
        var x = MemoryMarshal.Cast<byte, float>(input.Tensors[0].Data.Span).ToArray();
        var files = run.Prepared.Golden.Files.ToBuilder();
        GoldenLayer Layer(string id, string name, IEnumerable<float> values)
        {
            var file = Path.Combine(run.Root, $"{id}.gz");
            using (var packed = new GZipStream(File.Create(file), CompressionLevel.Fastest))
                packed.Write(MemoryMarshal.AsBytes(values.ToArray().AsSpan()));
            files[$"golden/layers/{id}.f32.gz"] = file;
            return new(id, name, input.Id, $"golden/layers/{id}.f32.gz", input.Tensors[0].Shape);
        }

        var plan = new LayerPlan(Stacked: false, [Layer("layer-01", "square", x.Select(value => value * value)), Layer("layer-02", "sum", x.Select(value => (value * value) + value))]);
        run.Prepared = With(run, bytes, run.Prepared.Inputs.Model, run.Prepared.Golden with { Layers = plan, Files = files.ToImmutable() });
        return run;
    }

    private static GivenRun Shipped(Func<GivenRun, FakeContainer, byte[], byte[]?> answer)
    {
        var run = new GivenRun("layers-shipped", answer, OperatorStepTests.WithAdapter.Replace("answer_within: 5s", "answer_within: 60s", StringComparison.Ordinal)); // the model takes a while on a busy machine
        var model = RunInputs.TryReadModel(Testing.Golden.Root, "ppocrv4-rec", [])!;
        var folder = Path.Combine(run.Root, "reference-models/m");
        File.Copy(Path.Combine(folder, "chars.txt"), Path.Combine(folder, model.Charset)); // nothing is decoded here
        run.Prepared = With(run, File.ReadAllBytes(OcrModel), model, GoldenInputs.Load(model, folder));
        return run;
    }

    private static Prepared With(GivenRun run, byte[] onnx, ReferenceModel model, GoldenInputs golden)
    {
        var folder = Directory.CreateDirectory(Path.Combine(run.Root, "onnx")).FullName;
        File.WriteAllBytes(Path.Combine(folder, "model.onnx"), onnx);
        var file = new PinnedFile("model.onnx", "model.onnx", onnx.Length, GivenRun.Sha256(onnx));
        return run.Prepared with { ModelFolder = folder, Golden = golden, Inputs = run.Prepared.Inputs with { Model = model with { Files = [file] } } };
    }

    /// <summary>What a chip does whose compiler puts a rotation by one channel behind a tensor: the model that it loads is another one.</summary>
    private static byte[] Rotating(byte[] request, string tensor)
    {
        var end = request.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        if (!Encoding.ASCII.GetString(request.AsSpan(0, end)).Split("\r\n")[0].Contains("/load", StringComparison.Ordinal))
            return request;
        using var body = JsonDocument.Parse(request.AsMemory(end));
        var changed = Rotated(body.RootElement.GetProperty("parameters").GetProperty("file:model.onnx").GetBytesFromBase64(), tensor);
        var json = Encoding.ASCII.GetBytes($$$"""{"parameters":{"file:model.onnx":"{{{Convert.ToBase64String(changed)}}}"}}""");
        return [.. Encoding.ASCII.GetBytes($"POST /v2/repository/models/m/load HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n"), .. json];
    }

    private static byte[] Rotated(byte[] model, string tensor)
    {
        var graph = OnnxGraph.Read(model);
        var maker = graph.Makers[tensor];
        var straight = tensor + ".straight";
        var axis = tensor == "p2o.Add.271" ? 2 : 1; // [1, T, D]; pictures have channels second
        GraphNode[] rotation =
        [
            Slice(straight, tensor + ".last", axis, -1, int.MaxValue), Slice(straight, tensor + ".others", axis, 0, -1),
            Node("Concat", [tensor + ".last", tensor + ".others"], tensor, ("axis", [axis], false)),
        ];
        ImmutableArray<GraphNode> nodes = [.. graph.Nodes.SelectMany(node => node.At == maker.At ? [Renamed(node, tensor, straight), .. rotation] : new[] { node })];
        return new OnnxCut(graph, nodes, [.. graph.Inputs.Select(input => input.Bytes)], [.. graph.Outputs.Select(output => output.Bytes)], []).Write();
    }

    private static GraphNode Slice(string from, string to, int axis, long start, long end) => Node("Slice", [from], to, ("axes", [axis], true), ("starts", [start], true), ("ends", [end], true));

    /// <remarks>As version 9 of the operator set has them: bounds of a slice are attributes.</remarks>
    private static GraphNode Node(string kind, string[] inputs, string output, params (string Name, long[] Values, bool IsList)[] attributes)
    {
        const int Integer = 2, Integers = 7;
        var message = new OnnxMessage().Each(inputs, (to, input) => to.Text(1, input)).Text(2, output).Text(4, kind);
        foreach (var (name, values, isList) in attributes)
        {
            var attribute = new OnnxMessage().Text(1, name).Each(values, (to, value) => to.Number(isList ? 8 : 3, value)).Number(20, isList ? Integers : Integer);
            message.Message(5, attribute);
        }

        return new(0, kind, kind, [.. inputs], [output], message.ToArray());
    }

    /// <summary>The same node under another name of its output.</summary>
    private static GraphNode Renamed(GraphNode node, string from, string to)
    {
        var message = new OnnxMessage();
        var reader = new ProtoReader(node.Bytes.Span);
        while (reader.Next())
        {
            if (reader.IsDelimited)
                message.Bytes(reader.Field, reader.Field == 2 && reader.Text() == from ? Encoding.UTF8.GetBytes(to) : reader.Bytes);
            else
                message.Number(reader.Field, (long)reader.Number);
        }

        return node with { Outputs = [.. node.Outputs.Select(output => output == from ? to : output)], Bytes = message.ToArray() };
    }
}
