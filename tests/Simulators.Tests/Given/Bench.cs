using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Adaptation.Models;
using Adaptation.Runner;

namespace Adaptation.Simulators.Tests;

/// <summary>One output of the bench: an operator, or a small network, with what exact arithmetic makes of it.</summary>
/// <param name="Operator">As ONNX spells it; a network's name.</param>
internal sealed record Probe(string Operator, CaseKind Kind, OperatorOutput Output)
{
    public string Id => Output.Name;

    public int[] Shape => [.. Output.Shape.Select(size => (int)size)];
}

/// <summary>Operators side by side in one model, so that one request asks them all.</summary>
internal sealed class Bench
{
    private readonly List<OnnxValue> _inputs = [];
    private readonly List<OnnxValue> _outputs = [];
    private readonly List<OnnxNode> _nodes = [];
    private readonly List<(string, long[])> _constants = [];
    private readonly List<WireTensor> _data = [];
    private readonly List<Probe> _probes = [];
    private readonly Random _random;

    public Bench(int seed) => _random = new(seed);

    public ImmutableArray<Probe> Probes => [.. _probes];

    public ImmutableArray<WireTensor> Inputs => [.. _data];

    public byte[] Model => OnnxGraph.Model(_inputs, _outputs, _nodes, _constants);

    /// <summary>Either sign, sizes between two positive numbers.</summary>
    public double[] Sized(string name, double least, double most, params int[] shape) =>
        Feed(name, shape, () => (least + ((most - least) * _random.NextDouble())) * (_random.Next(2) == 0 ? 1 : -1));

    public double[] Uniform(string name, double least, double most, params int[] shape) => Feed(name, shape, () => least + ((most - least) * _random.NextDouble()));

    public double[] These(string name, float[] values, params int[] shape)
    {
        var at = 0;
        return Feed(name, shape, () => values[at++]);
    }

    public void Constant(string name, params long[] values) => _constants.Add((name, values));

    public void Node(OnnxNode node) => _nodes.Add(node);

    /// <summary>A node whose result is an output.</summary>
    /// <param name="exact">Not rounded; row-major.</param>
    public void Ask(OnnxNode node, CaseKind kind, double[] exact, params int[] shape)
    {
        _nodes.Add(node);
        Expect(node.Output, node.Operator, kind, exact, shape);
    }

    /// <summary>Declares a result an output.</summary>
    /// <param name="dataType">FP32 or FP16.</param>
    public void Expect(string name, string what, CaseKind kind, double[] exact, int[] shape, string dataType = "FP32")
    {
        _outputs.Add(new(name, dataType == "FP32" ? 1 : 10, shape));
        var same = dataType == "FP32"
            ? MemoryMarshal.AsBytes<float>(Array.ConvertAll(exact, value => (float)value)).ToArray()
            : MemoryMarshal.AsBytes<Half>(Array.ConvertAll(exact, value => (Half)value)).ToArray();
        _probes.Add(new(what, kind, new(name, dataType, [.. shape.Select(size => (long)size)], exact, same)));
    }

    /// <returns>The values as the operator sees them: rounded to FP32.</returns>
    private double[] Feed(string name, int[] shape, Func<double> draw)
    {
        var values = new float[shape.Aggregate(1, (count, size) => count * size)];
        for (var at = 0; at < values.Length; at++)
            values[at] = (float)draw();
        _inputs.Add(new(name, 1, shape));
        _data.Add(new(name, "FP32", [.. shape.Select(size => (long)size)], MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
        return Array.ConvertAll(values, value => (double)value);
    }
}
