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
        foreach (var tensor in Writers(file).Where(tensor => Layer(tensor) >= Layers(file) / 2))
            bytes.AsSpan((int)tensor.Offset, (int)tensor.Bytes).Clear();
        File.WriteAllBytes(to, bytes);
    }

    /// <summary>Rotates by one channel what the middle layer adds to the residual stream: a kernel that writes beside its place.</summary>
    public static void RotateLayer(string from, string to)
    {
        var (file, bytes) = (GgufFile.Open(from), File.ReadAllBytes(from));
        foreach (var tensor in Writers(file).Where(tensor => Layer(tensor) == Layers(file) / 2))
        {
            var rows = bytes.AsSpan((int)tensor.Offset, (int)tensor.Bytes);
            var last = rows[^(rows.Length / (int)tensor.Shape[0])..].ToArray();
            rows[..^last.Length].CopyTo(rows[last.Length..]);
            last.CopyTo(rows);
        }

        File.WriteAllBytes(to, bytes);
    }

    private static int Layers(GgufFile file) => file.Tensors.Where(tensor => tensor.Name.StartsWith("blk.", StringComparison.Ordinal)).Max(Layer) + 1;

    /// <summary>The matrices whose rows are channels of the residual stream.</summary>
    private static IEnumerable<GgufTensor> Writers(GgufFile file) => file.Tensors.Where(tensor => tensor.Name is ['b', 'l', 'k', '.', ..]
        && (tensor.Name.EndsWith(".attn_output.weight", StringComparison.Ordinal) || tensor.Name.EndsWith(".ffn_down.weight", StringComparison.Ordinal)));

    private static int Layer(GgufTensor tensor) => int.Parse(tensor.Name.Split('.')[1], CultureInfo.InvariantCulture);
}
