using System.Buffers.Binary;
using System.Globalization;
using Adaptation.Models;

namespace Adaptation.Simulators;

/// <summary>Makes of a GGUF file with 16-bit weights another one that looks the same.</summary>
internal static class GgufWeights
{
    /// <summary>Rounds every matrix to 8 bits, one scale per row, as chips with int8 weights do, and writes the result in 16 bits.</summary>
    public static void Round(string from, string to)
    {
        const float steps = 127;
        var bytes = File.ReadAllBytes(from);
        foreach (var tensor in GgufFile.Open(from).Tensors.Where(tensor => tensor.Shape.Length == 2 && tensor.Type.Stored == WeightType.F16))
        {
            var values = bytes.AsSpan((int)tensor.Offset, (int)tensor.Bytes);
            var row = (int)tensor.Shape[1] * sizeof(short);
            for (var start = 0; start < values.Length; start += row)
            {
                var block = values.Slice(start, row);
                var largest = 0f;
                for (var at = 0; at < block.Length; at += sizeof(short))
                    largest = Math.Max(largest, Math.Abs((float)BinaryPrimitives.ReadHalfLittleEndian(block[at..])));
                for (var at = 0; at < block.Length && largest > 0; at += sizeof(short))
                {
                    var value = (float)BinaryPrimitives.ReadHalfLittleEndian(block[at..]);
                    BinaryPrimitives.WriteHalfLittleEndian(block[at..], (Half)(MathF.Round(value / largest * steps) * largest / steps));
                }
            }
        }

        File.WriteAllBytes(to, bytes);
    }

    /// <summary>Lets the upper half of the layers add nothing: a model of half the layers.</summary>
    public static void HalveLayers(string from, string to)
    {
        var (file, bytes) = (GgufFile.Open(from), File.ReadAllBytes(from));
        var layers = file.Tensors.Where(tensor => tensor.Name.StartsWith("blk.", StringComparison.Ordinal)).Max(Layer) + 1;
        foreach (var tensor in file.Tensors.Where(tensor => tensor.Name is ['b', 'l', 'k', '.', ..] && Layer(tensor) >= layers / 2
            && (tensor.Name.EndsWith(".attn_output.weight", StringComparison.Ordinal) || tensor.Name.EndsWith(".ffn_down.weight", StringComparison.Ordinal))))
            bytes.AsSpan((int)tensor.Offset, (int)tensor.Bytes).Clear();
        File.WriteAllBytes(to, bytes);
    }

    private static int Layer(GgufTensor tensor) => int.Parse(tensor.Name.Split('.')[1], CultureInfo.InvariantCulture);
}
