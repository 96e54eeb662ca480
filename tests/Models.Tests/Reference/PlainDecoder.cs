namespace Adaptation.Models.Tests;

/// <summary>The same model written down a second time: plain loops over jagged arrays, no vectors, no threads, no cache, sums in their natural order.</summary>
internal sealed class PlainDecoder(DecoderShape shape, IWeights weights)
{
    public double[] Logits(int[] ids)
    {
        var embedding = Tensor("model.embed_tokens.weight");
        var states = ids.Select(id => (double[])embedding[id].Clone()).ToArray();
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var attended = Attention(states.Select(x => Norm(x, $"model.layers.{layer}.input_layernorm.weight")).ToArray(), $"model.layers.{layer}.self_attn.");
            states = [.. states.Zip(attended, Plus)];
            var fed = states.Select(x => Feed(Norm(x, $"model.layers.{layer}.post_attention_layernorm.weight"), $"model.layers.{layer}.mlp."));
            states = [.. states.Zip(fed, Plus)];
        }

        var head = shape.TiedEmbeddings ? embedding : Tensor("lm_head.weight");
        return [.. states.SelectMany(x => Times(head, Norm(x, "model.norm.weight")))];
    }

    private double[][] Attention(double[][] inputs, string prefix)
    {
        var (q, k, v) = (Heads(inputs, prefix + "q_proj"), Heads(inputs, prefix + "k_proj"), Heads(inputs, prefix + "v_proj"));
        var group = shape.AttentionHeads / shape.KeyValueHeads;
        var mixed = new double[inputs.Length][];
        for (var t = 0; t < inputs.Length; t++)
        {
            var all = new List<double>();
            for (var h = 0; h < shape.AttentionHeads; h++)
            {
                var query = Turn(q[t][h], t);
                var weight = new double[t + 1];
                for (var s = 0; s <= t; s++)
                    weight[s] = Math.Exp(query.Zip(Turn(k[s][h / group], s), (a, b) => a * b).Sum() / Math.Sqrt(shape.HeadSize));
                for (var d = 0; d < shape.HeadSize; d++)
                    all.Add(Enumerable.Range(0, t + 1).Sum(s => weight[s] * v[s][h / group][d]) / weight.Sum());
            }

            mixed[t] = [.. all];
        }

        var output = Tensor(prefix + "o_proj.weight");
        return [.. mixed.Select(x => Times(output, x))];
    }

    private double[][][] Heads(double[][] inputs, string name)
    {
        var matrix = Tensor(name + ".weight");
        var bias = weights.Shapes.ContainsKey(name + ".bias") ? Tensor(name + ".bias").Select(row => row[0]).ToArray() : new double[matrix.Length];
        return [.. inputs.Select(x => Plus(Times(matrix, x), bias).Chunk(shape.HeadSize).ToArray())];
    }

    // As complex numbers: element i is the real and element i + D/2 the imaginary part.
    private double[] Turn(double[] head, int position)
    {
        var half = head.Length / 2;
        var turned = Enumerable.Range(0, half)
            .Select(i => new System.Numerics.Complex(head[i], head[i + half])
                * System.Numerics.Complex.FromPolarCoordinates(1, position / Math.Pow(shape.RopeTheta, 2.0 * i / head.Length)))
            .ToArray();
        return [.. turned.Select(z => z.Real), .. turned.Select(z => z.Imaginary)];
    }

    private double[] Feed(double[] x, string prefix)
    {
        var gate = Times(Tensor(prefix + "gate_proj.weight"), x);
        var up = Times(Tensor(prefix + "up_proj.weight"), x);
        return Times(Tensor(prefix + "down_proj.weight"), [.. gate.Zip(up, (g, u) => g * u / (1 + Math.Exp(-g)))]);
    }

    private double[] Norm(double[] x, string name)
    {
        var root = Math.Sqrt((x.Sum(value => value * value) / x.Length) + shape.NormEpsilon);
        return [.. x.Zip(Tensor(name), (value, weight) => weight[0] * value / root)];
    }

    private double[][] Tensor(string name)
    {
        var dimensions = weights.Shapes[name];
        var values = new double[dimensions.Aggregate(1L, (product, dimension) => product * dimension)];
        weights.Read(name, values);
        return [.. values.Chunk(dimensions.Length == 2 ? (int)dimensions[1] : 1)];
    }

    private static double[] Times(double[][] matrix, double[] x) => [.. matrix.Select(row => row.Zip(x, (a, b) => a * b).Sum())];

    private static double[] Plus(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
