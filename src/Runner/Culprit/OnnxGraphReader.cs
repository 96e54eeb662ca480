using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Takes an ONNX file apart. See <see cref="OnnxGraph.Read"/>.</summary>
internal sealed class OnnxGraphReader
{
    private const int DeepestNesting = 16, External = 1;

    private readonly List<(int, ReadOnlyMemory<byte>)> _imports = [];
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<GraphNode> _nodes = [];
    private readonly Dictionary<string, HeldValue> _held = new(StringComparer.Ordinal);
    private readonly List<GraphValue> _inputs = [], _outputs = [];
    private readonly Dictionary<string, GraphNode> _makers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _constant = new(StringComparer.Ordinal);

    private OnnxGraphReader()
    {
    }

    public static OnnxGraph Read(ReadOnlySpan<byte> model)
    {
        var reader = new OnnxGraphReader();
        var (version, graphs) = (0L, 0);
        for (var proto = new ProtoReader(model); proto.Next();)
        {
            if (proto.Field == 1)
                version = (long)proto.Number;
            else if (proto.Field is 8 or 25)
                reader._imports.Add((proto.Field, proto.Message().ToArray()));
            else if (proto.Field == 14)
                reader.Metadatum(proto.Message());
            else if (proto.Field == 7 && ++graphs == 1)
                reader.Graph(proto.Message());
        }

        return graphs == 1 ? reader.Made(version) : throw new InvalidDataException(graphs == 0 ? "it holds no graph" : "it holds more than one graph");
    }

    private OnnxGraph Made(long version)
    {
        if (_nodes.Count == 0)
            throw new InvalidDataException("its graph computes nothing");
        foreach (var output in _outputs.Where(output => !_makers.ContainsKey(output.Name)))
        {
            if (!_held.ContainsKey(output.Name) && !_inputs.Exists(input => input.Name == output.Name))
                throw new InvalidDataException($"its output `{output.Name}` is made by no node");
        }

        return new()
        {
            IrVersion = version,
            Imports = [.. _imports],
            Metadata = _metadata.ToImmutableSortedDictionary(StringComparer.Ordinal),
            Nodes = [.. _nodes],
            Held = _held.ToImmutableDictionary(StringComparer.Ordinal),
            Inputs = [.. _inputs.Where(input => !_held.ContainsKey(input.Name))],
            Outputs = [.. _outputs],
            Makers = _makers.ToImmutableDictionary(StringComparer.Ordinal),
            Constant = [.. _constant],
        };
    }

    /// <summary>Values first, whatever the order of fields: a node is looked at with all that it may read known.</summary>
    private void Graph(ProtoReader graph)
    {
        for (var values = graph; values.Next();)
        {
            if (values.Field == 5)
                Initializer(values.Message());
            else if (values.Field is 11 or 12)
                (values.Field == 11 ? _inputs : _outputs).Add(Declared(values.Message()));
            else if (values.Field == 15)
                throw new InvalidDataException("it holds sparse initializers, which are not read; store them as dense tensors");
        }

        _constant.UnionWith(_held.Keys);
        var known = _held.Keys.Concat(_inputs.Select(input => input.Name)).ToHashSet(StringComparer.Ordinal);
        while (graph.Next())
        {
            if (graph.Field == 1)
                Node(graph.Message(), known);
        }
    }

    private void Initializer(ProtoReader tensor)
    {
        var (bytes, name) = (tensor.ToArray(), "");
        while (tensor.Next())
        {
            if (tensor.Field == 8)
                name = tensor.Text();
            else if (tensor.Field == 14 && tensor.Number == External)
                throw new InvalidDataException("its weights are kept in another file; store them in the model (onnx.save_model with save_as_external_data=False)");
        }

        if (!_held.TryAdd(name, new(5, bytes)))
            throw new InvalidDataException($"it holds two initializers `{name}`");
    }

    private static GraphValue Declared(ProtoReader info)
    {
        var bytes = info.ToArray();
        ImmutableArray<long>? shape = null;
        var value = OnnxModelFile.Value(info);
        while (info.Next())
        {
            if (info.Field == 2 && TryMessage(info.Message(), 1, out var tensor) && TryMessage(tensor, 2, out var dimensions))
                shape = Dimensions(dimensions);
        }

        return new(value, shape, bytes);
    }

    private static ImmutableArray<long> Dimensions(ProtoReader shape)
    {
        var sizes = ImmutableArray.CreateBuilder<long>();
        while (shape.Next())
        {
            var size = -1L;
            for (var dimension = shape.Message(); dimension.Next();)
                size = dimension.Field == 1 ? (long)dimension.Number : size;
            sizes.Add(size);
        }

        return sizes.ToImmutable();
    }

    private void Node(ProtoReader node, HashSet<string> known)
    {
        var (bytes, name, kind, domain) = (node.ToArray(), "", "", "");
        var (inputs, outputs) = (new List<string>(), new List<string>());
        while (node.Next())
        {
            switch (node.Field)
            {
                case 1:
                    inputs.Add(node.Text());
                    break;
                case 2:
                    outputs.Add(node.Text());
                    break;
                case 3:
                    name = node.Text();
                    break;
                case 4:
                    kind = node.Text();
                    break;
                case 5:
                    Subgraphs(node.Message(), inputs, 0);
                    break;
                case 7:
                    domain = node.Text();
                    break;
            }
        }

        inputs.RemoveAll(input => input.Length == 0);
        outputs.RemoveAll(output => output.Length == 0);
        Add(new(_nodes.Count, name, domain is "" or "ai.onnx" ? kind : $"{domain}.{kind}", [.. inputs.Distinct(StringComparer.Ordinal)], [.. outputs], bytes), known);
    }

    private void Add(GraphNode node, HashSet<string> known)
    {
        var titled = node.Name.Length > 0 ? node : node with { Name = $"{node.Operator}_{node.At}" };
        if (node.Inputs.FirstOrDefault(input => !known.Contains(input)) is { } unknown)
            throw new InvalidDataException($"node {titled.Name} reads `{unknown}`, which nothing before it makes");
        if (node.Outputs.FirstOrDefault(output => !known.Add(output)) is { } twice)
            throw new InvalidDataException($"node {titled.Name} makes `{twice}`, which is there already");
        if (node.Inputs.All(_constant.Contains))
            _constant.UnionWith(node.Outputs);
        if (node.Operator == "Constant" && node.Outputs is [var only])
        {
            _held.Add(only, new(1, node.Bytes));
            return;
        }

        _nodes.Add(titled);
        foreach (var output in node.Outputs)
            _makers.Add(output, titled);
    }

    /// <summary>Adds what the subgraphs of an attribute read from around them: a branch of If may use any tensor of the graph.</summary>
    private static void Subgraphs(ProtoReader attribute, List<string> outer, int depth)
    {
        if (depth > DeepestNesting)
            throw new InvalidDataException($"its subgraphs are nested more than {DeepestNesting} deep");
        while (attribute.Next())
        {
            if (attribute.Field is 6 or 11)
                Captured(attribute.Message(), outer, depth);
        }
    }

    private static void Captured(ProtoReader graph, List<string> outer, int depth)
    {
        var (own, read) = (new HashSet<string>(StringComparer.Ordinal), new List<string>());
        while (graph.Next())
        {
            if (graph.Field is 5 or 11)
                own.Add(TextOf(graph.Message(), graph.Field == 5 ? 8 : 1));
            else if (graph.Field == 12)
                read.Add(TextOf(graph.Message(), 1));
            if (graph.Field != 1)
                continue;
            for (var node = graph.Message(); node.Next();)
            {
                if (node.Field == 1)
                    read.Add(node.Text());
                else if (node.Field == 2)
                    own.Add(node.Text());
                else if (node.Field == 5)
                    Subgraphs(node.Message(), read, depth + 1);
            }
        }

        outer.AddRange(read.Where(name => !own.Contains(name)));
    }

    private void Metadatum(ProtoReader entry)
    {
        var (key, value) = ("", "");
        while (entry.Next())
        {
            if (entry.Field == 1)
                key = entry.Text();
            else if (entry.Field == 2)
                value = entry.Text();
        }

        _metadata[key] = value;
    }

    private static bool TryMessage(ProtoReader from, int field, out ProtoReader found)
    {
        while (from.Next())
        {
            if (from.Field == field)
            {
                found = from.Message();
                return true;
            }
        }

        found = default;
        return false;
    }

    private static string TextOf(ProtoReader message, int field)
    {
        var text = "";
        while (message.Next())
            text = message.Field == field ? message.Text() : text;
        return text;
    }
}
