using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Models;

/// <summary>Weights drawn from a seed: the same float32 values on every machine, any piece of any tensor alone. Immutable.</summary>
/// <remarks>
/// Generator: <see cref="RandomWeights"/>; the stream of a tensor is the first 8 bytes, little-endian, of the SHA-256 of its name.
/// Scales keep activations near 1: a matrix of C columns has standard deviation 1/sqrt(C); embedding and output matrix 3/sqrt(H), so that logits spread
/// enough to have a clear maximum; norms are 1 within an eighth (step 1/4096); biases have standard deviation 0.144 (step 1/1024).
/// </remarks>
public sealed class GeneratedWeights : IRawWeights
{
    /// <summary>The name of this rule; another rule would have another.</summary>
    public const string Generator = RandomWeights.Version;

    private readonly ulong _seed;
    private readonly Dictionary<string, (DecoderTensor Tensor, ulong Stream, float Scale, float Offset)> _tensors = new(StringComparer.Ordinal);

    public GeneratedWeights(DecoderShape shape, ulong seed)
    {
        _seed = seed;
        foreach (var tensor in DecoderTensors.Of(shape))
        {
            var stream = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(tensor.Name)));
            var (scale, offset) = Distribution(tensor);
            _tensors.Add(tensor.Name, (tensor, stream, scale, offset));
        }

        Shapes = _tensors.ToDictionary(pair => pair.Key, pair => pair.Value.Tensor.Shape.ToArray(), StringComparer.Ordinal);
    }

    public IReadOnlyDictionary<string, long[]> Shapes { get; }

    public void Read(string name, long first, Span<float> into) => Read(name, first, into, RandomWeights.Best);

    public void Read(string name, Span<double> into)
    {
        if (into.Length != _tensors[name].Tensor.Elements)
            throw new ArgumentException($"{name} has {_tensors[name].Tensor.Elements} elements; there is room for {into.Length}", nameof(into));
        Span<float> piece = stackalloc float[1024];
        for (var first = 0; first < into.Length; first += piece.Length)
        {
            var some = piece[..Math.Min(piece.Length, into.Length - first)];
            Read(name, first, some);
            for (var at = 0; at < some.Length; at++)
                into[first + at] = some[at];
        }
    }

    internal void Read(string name, long first, Span<float> into, Instructions with)
    {
        var (tensor, stream, scale, offset) = _tensors[name];
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(into.Length, tensor.Elements - first, nameof(into));
        RandomWeights.Fill(_seed, stream, first, scale, offset, into, with);
    }

    private static (float Scale, float Offset) Distribution(DecoderTensor tensor)
    {
        if (tensor.IsVector)
            return tensor.Name.EndsWith(".bias", StringComparison.Ordinal) ? (1f / 1024, 0) : (1f / 4096, 1);
        var gain = tensor.Name is "model.embed_tokens.weight" or "lm_head.weight" ? 3 : 1;
        // a square root and a quotient: both are rounded correctly on every IEEE machine
        return ((float)(gain / Math.Sqrt(tensor.Columns * RandomWeights.Variance)), 0);
    }
}
