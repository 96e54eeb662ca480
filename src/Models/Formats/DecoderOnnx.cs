namespace Adaptation.Models;

/// <summary>Writes a decoder as an ONNX graph in float32: <c>input_ids</c> INT64 [B, T] in, <c>logits</c> FP32 [B, T, V] out, no cache.</summary>
/// <remarks>
/// Node by node from the architecture's definition, as <see cref="ExactSession"/> has it, so that no tracer of a framework stands between weights and
/// graph. Matrices lie transposed, [columns, rows], and keep their published names; what a layer gives is called <c>layers.N.out</c>. The bytes follow
/// from shape and weights alone. Opset 14: the first with which every operator here takes the types it gets.
/// </remarks>
public sealed class DecoderOnnx
{
    private const int Opset = 14;

    private readonly DecoderShape _shape;
    private readonly IRawWeights _weights;
    private readonly Dictionary<string, DecoderTensor> _tensors;
    private readonly List<OnnxNode> _nodes = [];
    private readonly List<(string Name, Values Content)> _constants = [];

    private DecoderOnnx(DecoderShape shape, IRawWeights weights)
    {
        (_shape, _weights) = (shape, weights);
        _tensors = DecoderTensors.Of(shape).ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <exception cref="ModelException">The weights are not those of the shape, or too many.</exception>
    /// <exception cref="IOException">The disk is full, or the file is there and must not be replaced; nothing is left behind.</exception>
    public static WrittenFile Write(DecoderShape shape, IRawWeights weights, string path, WriteOptions options, CancellationToken cancellationToken)
    {
        DecoderGraph.Check(shape, weights);
        return DecoderGraph.Keep(new DecoderOnnx(shape, weights).Make(cancellationToken).ToArray(), path, options);
    }

    private OnnxModel Make(CancellationToken cancellationToken)
    {
        Prepare();
        var x = Add("Gather", "embedded", [Weight("model.embed_tokens.weight"), "input_ids"]);
        for (var layer = 0; layer < _shape.Layers; layer++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (name, prefix) = ($"layers.{DecoderGraph.Text(layer)}", $"model.layers.{DecoderGraph.Text(layer)}");
            x = Add("Add", $"{name}.attended", [x, Attention(Norm(x, $"{prefix}.input_layernorm.weight", $"{name}.attention.normed"), name, prefix)]);
            x = Add("Add", $"{name}.out", [x, FeedForward(Norm(x, $"{prefix}.post_attention_layernorm.weight", $"{name}.mlp.normed"), name, prefix)]);
        }

        var last = Norm(x, "model.norm.weight", "normed");
        var head = _shape.TiedEmbeddings
            ? Add("Transpose", "head", ["model.embed_tokens.weight"], new NodeAttribute.Wholes("perm", [1, 0]))
            : Weight("lm_head.weight", transposed: true);
        Add("MatMul", "logits", [last, head]);
        return new()
        {
            Opset = Opset,
            Name = "decoder",
            Nodes = _nodes,
            Inputs = [new("input_ids", ElementType.Int64, [-1, -1])],
            Outputs = [new("logits", ElementType.FP32, [-1, -1, _shape.VocabularySize])],
            Constants = _constants,
        };
    }

    /// <summary>Rotations of the positions that there are, and which of them each one may see: those not behind it.</summary>
    private void Prepare()
    {
        var (cosines, sines) = DecoderGraph.Rotations(_shape);
        Constant("cos.all", cosines, _shape.MaxPositions, _shape.HeadSize);
        Constant("sin.all", sines, _shape.MaxPositions, _shape.HeadSize);
        foreach (var axis in (int[])[0, 1, 2, 3])
            Whole($"at.{DecoderGraph.Text(axis)}", [1], axis);
        Whole("half", [1], _shape.HeadSize / 2);
        Whole("size", [1], _shape.HeadSize);
        Whole("zero", [], 0);
        Whole("one", [], 1);
        Constant("epsilon", [(float)_shape.NormEpsilon]);
        Constant("scale", [(float)(1 / Math.Sqrt(_shape.HeadSize))]);
        Constant("never", [float.MinValue]);
        Add("Gather", "T", [Add("Shape", "input_ids.shape", ["input_ids"]), "one"], new NodeAttribute.Whole("axis", 0));
        Add("Unsqueeze", "T.list", ["T", "at.0"]);
        Add("Slice", "cos", ["cos.all", "at.0", "T.list", "at.0"]);
        Add("Slice", "sin", ["sin.all", "at.0", "T.list", "at.0"]);
        Add("Range", "positions", ["zero", "T", "one"]);
        Add("LessOrEqual", "allowed", ["positions", Add("Unsqueeze", "positions.column", ["positions", "at.1"])]);
    }

    private string Attention(string x, string name, string prefix)
    {
        int heads = _shape.KeyValueHeads, group = _shape.AttentionHeads / heads, size = _shape.HeadSize;
        string Split(string projected, int count) => Add(
            "Transpose", $"{projected}.heads",
            [Add("Reshape", $"{projected}.split", [projected, Whole($"{projected}.shape", [4], 0, 0, count, size)])], new NodeAttribute.Wholes("perm", [0, 2, 1, 3]));
        string Project(string one) => Linear(x, $"{prefix}.self_attn.{one}_proj", $"{name}.{one}");

        var query = Rotate(Split(Project("q"), _shape.AttentionHeads));
        var key = Add("Unsqueeze", $"{name}.k.all", [Rotate(Split(Project("k"), heads)), "at.2"]);
        var value = Add("Unsqueeze", $"{name}.v.all", [Split(Project("v"), heads), "at.2"]);
        // queries that share a key lie together: [B, key heads, group, T, D] against [B, key heads, 1, T, D]
        query = Add("Reshape", $"{name}.q.grouped", [query, Whole($"{name}.q.grouped.shape", [5], 0, heads, group, -1, size)]);
        var scores = Add("MatMul", $"{name}.scores", [query, Add("Transpose", $"{name}.k.columns", [key], new NodeAttribute.Wholes("perm", [0, 1, 2, 4, 3]))]);
        var masked = Add("Where", $"{name}.scores.masked", ["allowed", Add("Mul", $"{name}.scores.scaled", [scores, "scale"]), "never"]);
        var mixed = Add("MatMul", $"{name}.mixed", [Add("Softmax", $"{name}.shares", [masked], new NodeAttribute.Whole("axis", -1)), value]);
        var joined = Add(
            "Reshape", $"{name}.mixed.joined",
            [Add("Transpose", $"{name}.mixed.rows", [mixed], new NodeAttribute.Wholes("perm", [0, 3, 1, 2, 4])), Whole($"{name}.mixed.shape", [3], 0, 0, _shape.AttentionHeads * size)]);
        return Linear(joined, $"{prefix}.self_attn.o_proj", $"{name}.attention");
    }

    private string FeedForward(string x, string name, string prefix)
    {
        var gate = Linear(x, $"{prefix}.mlp.gate_proj", $"{name}.gate");
        var gated = Add("Mul", $"{name}.gate.silu", [gate, Add("Sigmoid", $"{name}.gate.sigmoid", [gate])]);
        var up = Linear(x, $"{prefix}.mlp.up_proj", $"{name}.up");
        return Linear(Add("Mul", $"{name}.gated", [gated, up]), $"{prefix}.mlp.down_proj", $"{name}.mlp");
    }

    private string Norm(string x, string gain, string name)
    {
        var mean = Add("ReduceMean", $"{name}.mean", [Add("Mul", $"{name}.square", [x, x])], new NodeAttribute.Wholes("axes", [-1]), new NodeAttribute.Whole("keepdims", 1));
        var root = Add("Sqrt", $"{name}.root", [Add("Add", $"{name}.shifted", [mean, "epsilon"])]);
        return Add("Mul", name, [Add("Div", $"{name}.unit", [x, root]), Weight(gain)]);
    }

    /// <summary>Element i pairs with i + D/2.</summary>
    private string Rotate(string x)
    {
        var (left, right) = (Add("Slice", $"{x}.left", [x, "at.0", "half", "at.3"]), Add("Slice", $"{x}.right", [x, "half", "size", "at.3"]));
        var turned = Add("Concat", $"{x}.turned", [Add("Neg", $"{x}.minus", [right]), left], new NodeAttribute.Whole("axis", 3));
        return Add("Add", $"{x}.rotated", [Add("Mul", $"{x}.cos", [x, "cos"]), Add("Mul", $"{x}.sin", [turned, "sin"])]);
    }

    private string Linear(string x, string module, string name)
    {
        var bias = $"{module}.bias";
        return _tensors.ContainsKey(bias)
            ? Add("Add", name, [Add("MatMul", $"{name}.product", [x, Weight($"{module}.weight", transposed: true)]), Weight(bias)])
            : Add("MatMul", name, [x, Weight($"{module}.weight", transposed: true)]);
    }

    private string Weight(string name, bool transposed = false)
    {
        var tensor = _tensors[name];
        var values = DecoderGraph.Read(_weights, tensor);
        if (tensor.IsVector)
            return Constant(name, values, values.Length);
        var (rows, columns) = ((int)tensor.Shape[0], (int)tensor.Shape[1]);
        if (!transposed)
            return Constant(name, values, rows, columns);
        var turned = new float[values.Length];
        for (var at = 0; at < turned.Length; at++)
            turned[at] = values[(at % rows * columns) + (at / rows)];
        return Constant(name, turned, columns, rows);
    }

    private string Constant(string name, float[] values, params ReadOnlySpan<int> shape)
    {
        var content = new Values(ElementType.FP32, shape);
        for (var at = 0; at < values.Length; at++)
            content.Reals[at] = values[at];
        _constants.Add((name, content));
        return name;
    }

    private string Whole(string name, ReadOnlySpan<int> shape, params ReadOnlySpan<long> values)
    {
        var content = new Values(ElementType.Int64, shape);
        values.CopyTo(content.Whole);
        _constants.Add((name, content));
        return name;
    }

    private string Add(string type, string output, string[] inputs, params NodeAttribute[] attributes)
    {
        _nodes.Add(new(type, inputs, [output], attributes));
        return output;
    }
}
