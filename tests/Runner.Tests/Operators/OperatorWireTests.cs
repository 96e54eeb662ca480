using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Testing;
using Adaptation.Testing.Onnx;

namespace Adaptation.Runner.Tests;

/// <summary>Generated cases over the real wire, kept as evidence and judged by the shipped standard.</summary>
public sealed class OperatorWireTests : IAsyncLifetime
{
    private HostServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await HostServer.StartAsync();

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    public static TheoryData<string> Checks => ["COR-01", "COR-02", "COR-03", "COR-04", "COR-05"];

    [Theory, MemberData(nameof(Checks))]
    public void A_right_engine_passes(string check) => Assert.Equal(new Verdict.Pass(), Judged(check, GivenCases.All).Verdict);

    [Theory] // each case's model is another operator than its golden values are of: a device that computes something else
    [InlineData("COR-01", "add-fp32", "Sub")]
    [InlineData("COR-02", "add-int64", "Sub")]
    [InlineData("COR-03", "add-fp32", "Sub")]
    [InlineData("COR-04", "identity-special-fp32", "Relu")]
    [InlineData("COR-05", "add-fp32", "NoSuchOperator")]
    public void An_engine_that_computes_something_else_does_not(string check, string id, string instead)
    {
        var cases = GivenCases.All.Select(one => one.Id == id ? GivenCases.Computing(one, instead) : one).ToImmutableArray();

        Assert.IsNotType<Verdict.Pass>(Judged(check, cases).Verdict);
    }

    [Fact]
    public void What_the_engine_refuses_is_unsupported_in_its_own_words()
    {
        var answers = Ask(GivenCases.Computing(GivenCases.All[0], "NoSuchOperator"));

        Assert.Equal(OperatorState.Unsupported, answers.State);
        Assert.Contains("NoSuchOperator", answers.Said, StringComparison.Ordinal);
        Assert.All(answers.Outputs, output => Assert.Empty(output.Answers));
    }

    [Fact]
    public void What_the_engine_takes_and_cannot_compute_is_failed_and_the_next_case_is_answered()
    {
        var one = GivenCases.All[0];
        var odd = one with { Inputs = [one.Inputs[0], one.Inputs[1] with { Shape = [GivenCases.Elements - 1], Data = one.Inputs[1].Data[4..] }] };

        Assert.Equal(OperatorState.Failed, Ask(odd).State);
        Assert.Equal(OperatorState.Answered, Ask(one).State);
    }

    [Fact]
    public void A_case_is_asked_as_often_as_it_wants()
    {
        var answers = Ask(GivenCases.All[0] with { Asks = 5 });

        Assert.Equal(5, Assert.Single(answers.Outputs).Answers.Length);
        Assert.Single(answers.Outputs[0].Changes);
    }

    [Fact]
    public void A_model_without_inputs_is_asked_too()
    {
        using var wire = new OperatorWire(_server.Transport, TimeProvider.System, TimeSpan.FromSeconds(20));
        var test = NodeTests.Read(NodeTests.Installed).First(candidate => candidate.Id == "test_constant");

        Assert.IsType<OperatorResult.Pass>(NodeTestRun.Run(test, wire, TestContext.Current.CancellationToken));
    }

    private OperatorAnswers Ask(OperatorCase one)
    {
        using var wire = new OperatorWire(_server.Transport, TimeProvider.System, TimeSpan.FromSeconds(20));
        return GeneratedRun.Ask(one, GivenCases.Onnx, wire, TestContext.Current.CancellationToken);
    }

    private Finding Judged(string check, ImmutableArray<OperatorCase> cases)
    {
        var problems = new List<Problem>();
        var catalogue = Path.Combine(Golden.Root, "standard/0.1/catalogue.yaml");
        var clause = StandardReader.TryRead(catalogue, "catalogue.yaml", problems)!.Clause(check);
        foreach (var many in new[] { "cases_min", "repeated_min" }.Where(clause.Limits.ContainsKey))
            clause = clause with { Limits = clause.Limits.SetItem(many, 1) };
        using var packs = new OperatorPacks(7);
        foreach (var one in cases)
            packs.Add(Ask(one));
        var files = InMemoryFiles.Empty;
        var tensors = packs.Finish((path, bytes) => files = files.With(path, bytes.ToArray()));
        var measurement = new Measurement { Check = check, Tensors = tensors, Facts = Given.Facts(("cpu_fallback", "cpu")) };
        return Judge.Run(Given.Standard(clause), new Evidence(Given.Plan, [measurement], files)).Finding(check);
    }
}

/// <summary>Three hand-made cases: arithmetic, exact integers, special values.</summary>
internal static class GivenCases
{
    public const int Elements = 200;

    public static OperatorFormat Onnx { get; } = OperatorFormat.TryOf(
        new ProfileServer
        {
            Adapter = new("onnxruntime", "/lib", "", ImmutableSortedDictionary<string, string>.Empty, null, CpuFallback: true, 0),
            Command = [],
            Environment = ImmutableSortedDictionary<string, string>.Empty,
            Port = null,
            ModelName = "",
            ReadyWithin = TimeSpan.FromSeconds(1),
            AnswerWithin = TimeSpan.FromSeconds(1),
            Streams = 1,
        },
        out _)!;

    public static ImmutableArray<OperatorCase> All { get; } = [Floats(), Integers(), Specials()];

    public static OperatorCase Computing(OperatorCase one, string name)
    {
        var type = one.DataType == "INT64" ? 7 : 1;
        return one with
        {
            Onnx = OnnxFile.Model(
                [.. one.Inputs.Select(input => new OnnxFile.Value(input.Name, type, [$"n_{input.Name}"]))], [new("y", type, ["m"])], [new(name, [.. one.Inputs.Select(input => input.Name)], ["y"])]),
        };
    }

    private static OperatorCase Floats()
    {
        float[] a = [.. Enumerable.Range(1, Elements).Select(at => 1f / at)], b = [.. Enumerable.Range(1, Elements).Select(at => at / 7f)];
        double[] exact = [.. a.Zip(b, (x, y) => (double)x + y)];
        return Case("add-fp32", "Add", "FP32", CaseKind.Rounded, [Bytes(a), Bytes(b)], Elements, exact, Bytes<float>([.. a.Zip(b, (x, y) => x + y)]));
    }

    private static OperatorCase Integers()
    {
        long[] a = [.. Enumerable.Range(0, Elements).Select(at => at + 3_000_000_000L)], b = [.. Enumerable.Range(0, Elements).Select(at => at * 5L)];
        return Case("add-int64", "Add", "INT64", CaseKind.Exact, [Bytes(a), Bytes(b)], Elements, [], Bytes<long>([.. a.Zip(b, (x, y) => x + y)]));
    }

    private static OperatorCase Specials()
    {
        float[] values = [float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-40f, -1e-40f, 1];
        return Case("identity-special-fp32", "Identity", "FP32", CaseKind.Special, [Bytes(values)], values.Length, [.. values.Select(value => (double)value)], Bytes(values));
    }

    private static OperatorCase Case(string id, string name, string type, CaseKind kind, byte[][] inputs, int elements, double[] exact, byte[] same) => Computing(
        new(
            id, name, type, 18, kind, [.. inputs.Select((data, at) => new OperatorInput(at == 0 ? "a" : "b", type, [elements], data))],
            [new("y", type, [elements], exact, same)], default, null), name);

    private static byte[] Bytes<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();
}
