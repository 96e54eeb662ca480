using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner.Tests;

/// <summary>The search, with ONNX Runtime behind both wires and a fault put between it and the search.</summary>
public sealed class CulpritSearchTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly List<CulpritEvent> _told = [];
    private HostServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ModelTalk Right => ModelTalk.With(new RemoteModelServer(_server.Transport, TimeProvider.System, TimeSpan.FromSeconds(60)), TimeProvider.System);

    public async ValueTask InitializeAsync() => _server = await HostServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task An_honest_server_ends_without_a_culprit()
    {
        var result = await RunAsync(GivenModels.Chain, Right);

        Assert.Equal((8, 8), (Assert.IsType<CulpritResult.NoCulprit>(result).Nodes, result.Compared));
        Assert.Empty(result.Notes);
    }

    [Fact]
    public async Task Integers_tensors_without_elements_and_free_dimensions_are_compared_too()
    {
        var result = await RunAsync(GivenModels.Mixed, Right);

        Assert.Equal(6, Assert.IsType<CulpritResult.NoCulprit>(result).Compared);
        Assert.Empty(result.Notes);
    }

    [Fact]
    public async Task A_node_that_is_wrong_is_found_though_all_after_it_are_wrong_too()
    {
        var result = await RunAsync(GivenModels.Chain, Bent((graph, name) => Holds(graph, "Mul") && graph.Behind([name]).Any(node => node.Operator == "Mul"), value => value * 1.01f));

        var found = Assert.IsType<CulpritResult.Found>(result);
        Assert.Equal(["Mul_2"], found.Names);
        Assert.Equal("Mul", found.Operator);
        Assert.IsType<ReplayResult.Answered>(await ReplayAsync(found.Reproducer));
    }

    [Fact]
    public async Task A_node_with_subgraphs_is_asked_alone_with_what_they_take_from_around_them()
    {
        var result = await RunAsync(
            GivenModels.Branching, Bent((graph, _) => Holds(graph, "If"), value => -value), GivenModels.Floats("x", [2], 1, -2), new WireTensor("c", "BOOL", [], (byte[])[0]));

        var found = Assert.IsType<CulpritResult.Found>(result);
        Assert.Equal("If", found.Operator);
        Assert.Equal(["a", "c"], found.Reproducer.Inputs.Select(input => input.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_wrong_integer_is_a_culprit()
    {
        var result = await RunAsync(GivenModels.Mixed, Changed((graph, outputs) => outputs.Select(output =>
            output.Name == "s" ? GivenModels.Longs("s", [2], 2, 4) : output)));

        Assert.Equal(["Shape_3"], Assert.IsType<CulpritResult.Found>(result).Names);
    }

    [Fact]
    public async Task A_fault_of_nodes_computed_as_one_is_found_by_cutting_the_model()
    {
        // Relu_3 after Mul_2, unless what lies between them is asked for
        var result = await RunAsync(GivenModels.Chain, Bent(
            (graph, name) => graph.Outputs.Length == 1 && Holds(graph, "Mul") && Holds(graph, "Relu") && name is not ("t1" or "t2" or "t3"), value => value * 1.02f));

        var found = Assert.IsType<CulpritResult.Found>(result);
        Assert.Equal(["Mul_2", "Relu_3"], found.Names);
        Assert.Contains(_told, told => told is CulpritEvent.Compared { How: CulpritScope.Beginning });
    }

    [Fact]
    public async Task Rounding_that_adds_up_accuses_no_node()
    {
        // each node is a little off, far less than it may be, and all together are not
        var result = await RunAsync(GivenModels.Chain, Changed((graph, outputs) =>
            outputs.Select(output => GivenModels.Map(output, value => value * (1 + (0.0002f * graph.Behind([output.Name]).Length))))), GivenModels.Floats("x", [2, 3], 0.1f, 0.2f, 0.3f, 0.35f, 0.4f, 0.5f));

        Assert.Contains("rounding adds up", Assert.IsType<CulpritResult.Unexplained>(result).Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_refused_is_left_open_and_the_rest_is_looked_at()
    {
        var result = await RunAsync(GivenModels.Chain, new ModelTalk("picky", async (question, token) =>
            Holds(OnnxGraph.Read(question.Content.Span), "Exp") ? new OperatorReply.Refused("no kernel for Exp") : await Right.Ask(question, token)));

        Assert.Contains("no kernel for Exp", Assert.IsType<CulpritResult.Unexplained>(result).Why, StringComparison.Ordinal);
        Assert.Contains("no kernel for Exp", Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Equal(7, _told.Count(told => told is CulpritEvent.Compared { How: CulpritScope.Alone, Gap.IsWithin: true }));
    }

    [Fact]
    public async Task A_node_that_takes_the_server_down_is_the_culprit()
    {
        var result = await RunAsync(GivenModels.Chain, new ModelTalk("frail", async (question, token) =>
            Holds(OnnxGraph.Read(question.Content.Span), "Exp") ? new OperatorReply.Failed("the server", "ended with exit code 139") : await Right.Ask(question, token)));

        var found = Assert.IsType<CulpritResult.Found>(result);
        Assert.Equal(["Exp_5"], found.Names);
        Assert.Null(found.Gap);
        Assert.Contains("139", found.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tensors_that_one_answer_cannot_hold_are_read_in_parts()
    {
        var most = new ModelTalk("narrow", async (question, token) =>
            question.Outputs.Length > 3 ? new OperatorReply.Failed("first answer", "the body is too large") : await Right.Ask(question, token));

        Assert.Equal(8, Assert.IsType<CulpritResult.NoCulprit>(await RunAsync(GivenModels.Chain, most)).Compared);
    }

    [Fact]
    public async Task A_reference_that_disagrees_with_the_golden_pack_accuses_nobody()
    {
        var golden = new GoldenOutput(CulpritModel.Read(_folder.Write("g.onnx", GivenModels.Chain)).Outputs[0], new("i", "", [2, 3], ""), new byte[24], 1e-3, 1e-3);

        var error = await Assert.ThrowsAsync<BrokenEnvironmentException>(() => RunAsync(GivenModels.Chain, Right, golden, GivenModels.Input()));

        Assert.Contains("golden pack", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_over_the_wire_s_limit_is_refused_before_it_is_read()
    {
        using (var file = File.OpenWrite(_folder.At("large.onnx")))
            file.SetLength(CulpritModel.MostBytes + 1L);

        Assert.Contains("one request", Assert.Throws<BadInputException>(() => CulpritModel.Read(_folder.At("large.onnx"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_that_a_model_leaves_open_must_be_given()
    {
        var model = CulpritModel.Read(_folder.Write("chain.onnx", GivenModels.Chain));

        Assert.Contains("input_0.pb", Assert.Throws<BadInputException>(() => CulpritInputs.Drawn(model, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("input_0.pb", Assert.Throws<BadInputException>(() => CulpritInputs.FromFolder(model, _folder.Path)).Message, StringComparison.Ordinal);
    }

    private Task<CulpritResult> RunAsync(byte[] model, ModelTalk tested, params ImmutableArray<WireTensor> inputs) => RunAsync(model, tested, null, inputs);

    private Task<CulpritResult> RunAsync(byte[] model, ModelTalk tested, GoldenOutput? golden, params ImmutableArray<WireTensor> inputs) => new CulpritSession(Right, tested, _told.Add).RunAsync(
        new("m", CulpritModel.Read(_folder.Write("m.onnx", model)), [new("i", inputs.IsEmpty ? [GivenModels.Input()] : inputs) { Golden = golden is null ? [] : [golden] }], GivenModels.Accuracy, "test"), Token);

    private Task<ReplayResult> ReplayAsync(Reproducer reproducer) => ReplaySession.RunAsync(
        Reproducer.Read(reproducer.ToFile()), new RemoteModelServer(_server.Transport, TimeProvider.System, TimeSpan.FromSeconds(60)), GivenModels.Accuracy, TimeProvider.System, Token);

    /// <summary>Each output for which the condition holds is made wrong.</summary>
    private ModelTalk Bent(Func<OnnxGraph, string, bool> isWrong, Func<float, float> change) =>
        Changed((graph, outputs) => outputs.Select(output => isWrong(graph, output.Name) ? GivenModels.Map(output, change) : output));

    private ModelTalk Changed(Func<OnnxGraph, ImmutableArray<WireTensor>, IEnumerable<WireTensor>> change) => new("faulty", async (question, token) =>
    {
        var graph = OnnxGraph.Read(question.Content.Span);
        return await Right.Ask(question, token) is OperatorReply.Answered answered
            ? new OperatorReply.Answered([[.. change(graph, answered.First)], [.. change(graph, answered.Again)]])
            : throw new InvalidOperationException("the engine does not answer");
    });

    private static bool Holds(OnnxGraph graph, string name) => graph.Nodes.Any(node => node.Operator == name);
}
