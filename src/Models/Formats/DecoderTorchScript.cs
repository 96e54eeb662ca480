using System.Text;

namespace Adaptation.Models;

/// <summary>Writes a decoder as a TorchScript archive in float32: <c>input_ids</c> INT64 [B, T] in, logits FP32 [B, T, V] out, no cache.</summary>
/// <remarks>
/// The answer is a named tuple, so that the output is called <c>logits</c>. One module whose attributes are the tensors of <see cref="DecoderTensors"/>, with underscores for dots, and one <c>forward</c> written line by line from
/// the architecture's definition, as <see cref="ExactSession"/> has it. The code calls operators that torch has had since 1.13 under the same names. The bytes
/// follow from shape and weights alone.
/// </remarks>
public sealed class DecoderTorchScript
{
    private readonly DecoderShape _shape;
    private readonly IRawWeights _weights;
    private readonly List<TorchTensor> _tensors = [];
    private readonly StringBuilder _body = new();

    private DecoderTorchScript(DecoderShape shape, IRawWeights weights) => (_shape, _weights) = (shape, weights);

    /// <exception cref="ModelException">The weights are not those of the shape, or too many.</exception>
    /// <exception cref="IOException">The disk is full, or the file is there and must not be replaced; nothing is left behind.</exception>
    public static WrittenFile Write(DecoderShape shape, IRawWeights weights, string path, WriteOptions options, CancellationToken cancellationToken)
    {
        DecoderGraph.Check(shape, weights);
        return DecoderGraph.Keep(new DecoderTorchScript(shape, weights).Make(cancellationToken), path, options);
    }

    private byte[] Make(CancellationToken cancellationToken)
    {
        foreach (var tensor in DecoderTensors.Of(_shape))
        {
            cancellationToken.ThrowIfCancellationRequested();
            _tensors.Add(TorchTensor.Of(Attribute(tensor.Name), [.. tensor.Shape], DecoderGraph.Read(_weights, tensor)));
        }

        var (cosines, sines) = DecoderGraph.Rotations(_shape);
        _tensors.Add(TorchTensor.Of("cos", [_shape.MaxPositions, _shape.HeadSize], cosines));
        _tensors.Add(TorchTensor.Of("sin", [_shape.MaxPositions, _shape.HeadSize], sines));
        _tensors.Add(TorchTensor.Of("positions", [_shape.MaxPositions], Enumerable.Range(0, _shape.MaxPositions).Select(at => (long)at).ToArray()));
        Forward();
        var code = new StringBuilder("class Answer(NamedTuple):\n  logits : Tensor\nclass Decoder(Module):\n  __parameters__ = []\n  __buffers__ = [");
        code.AppendJoin("", _tensors.Select(tensor => $"\"{tensor.Name}\", ")).Append("]\n");
        code.AppendJoin("", _tensors.Select(tensor => $"  {tensor.Name} : Tensor\n"));
        code.Append("  def forward(self: __torch__.Decoder, input_ids: Tensor) -> __torch__.Answer:\n").Append(_body);
        return TorchArchive.Write("decoder", "Decoder", code.ToString(), _tensors);
    }

    private void Forward()
    {
        Say("t = torch.size(input_ids, 1)");
        Say("b = torch.size(input_ids, 0)");
        Say("cos = torch.slice(self.cos, 0, 0, t)");
        Say("sin = torch.slice(self.sin, 0, 0, t)");
        Say("positions = torch.slice(self.positions, 0, 0, t)");
        Say("behind = torch.gt(torch.unsqueeze(positions, 0), torch.unsqueeze(positions, 1))");
        Say($"x = torch.embedding({Self("model.embed_tokens.weight")}, input_ids)");
        for (var layer = 0; layer < _shape.Layers; layer++)
        {
            var prefix = $"model.layers.{DecoderGraph.Text(layer)}";
            Norm("h", $"{prefix}.input_layernorm.weight");
            Attention(prefix);
            Norm("h", $"{prefix}.post_attention_layernorm.weight");
            Say($"gate = {Linear("h", $"{prefix}.mlp.gate_proj")}");
            Say($"gated = torch.mul(torch.mul(gate, torch.sigmoid(gate)), {Linear("h", $"{prefix}.mlp.up_proj")})");
            Say($"x = torch.add(x, {Linear("gated", $"{prefix}.mlp.down_proj")})");
        }

        Norm("h", "model.norm.weight");
        Say($"return __torch__.Answer(torch.linear(h, {Self(_shape.TiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight")}))");
    }

    /// <summary>Queries that share a key lie together: [B, key heads, group, T, D] against [B, key heads, 1, T, D].</summary>
    private void Attention(string prefix)
    {
        string heads = DecoderGraph.Text(_shape.KeyValueHeads), group = DecoderGraph.Text(_shape.AttentionHeads / _shape.KeyValueHeads), size = DecoderGraph.Text(_shape.HeadSize);
        Say($"q = torch.permute(torch.reshape({Linear("h", $"{prefix}.self_attn.q_proj")}, [b, t, {heads}, {group}, {size}]), [0, 2, 3, 1, 4])");
        Say($"k = torch.permute(torch.reshape({Linear("h", $"{prefix}.self_attn.k_proj")}, [b, t, {heads}, 1, {size}]), [0, 2, 3, 1, 4])");
        Say($"v = torch.permute(torch.reshape({Linear("h", $"{prefix}.self_attn.v_proj")}, [b, t, {heads}, 1, {size}]), [0, 2, 3, 1, 4])");
        Rotate("q");
        Rotate("k");
        Say($"scores = torch.mul(torch.matmul(q, torch.transpose(k, 3, 4)), {DecoderGraph.Text(1 / Math.Sqrt(_shape.HeadSize))})");
        Say($"shares = torch.softmax(torch.masked_fill(scores, behind, {DecoderGraph.Text(float.MinValue)}), -1)");
        Say("mixed = torch.reshape(torch.permute(torch.matmul(shares, v), [0, 3, 1, 2, 4]), [b, t, -1])");
        Say($"x = torch.add(x, {Linear("mixed", $"{prefix}.self_attn.o_proj")})");
    }

    /// <summary>Element i pairs with i + D/2.</summary>
    private void Rotate(string name)
    {
        var (half, size) = (DecoderGraph.Text(_shape.HeadSize / 2), DecoderGraph.Text(_shape.HeadSize));
        Say($"turned = torch.cat([torch.neg(torch.slice({name}, 4, {half}, {size})), torch.slice({name}, 4, 0, {half})], 4)");
        Say($"{name} = torch.add(torch.mul({name}, cos), torch.mul(turned, sin))");
    }

    private void Norm(string into, string gain)
    {
        Say($"mean = torch.mean(torch.mul(x, x), [-1], True)");
        Say($"{into} = torch.mul(torch.div(x, torch.sqrt(torch.add(mean, {DecoderGraph.Text(_shape.NormEpsilon)}))), {Self(gain)})");
    }

    private string Linear(string x, string module)
    {
        var bias = $"{module}.bias";
        return _weights.Shapes.ContainsKey(bias) ? $"torch.linear({x}, {Self($"{module}.weight")}, {Self(bias)})" : $"torch.linear({x}, {Self($"{module}.weight")})";
    }

    private static string Attribute(string name) => name.Replace('.', '_');

    private static string Self(string name) => $"self.{Attribute(name)}";

    private void Say(string line) => _body.Append("    ").Append(line).Append('\n');
}
