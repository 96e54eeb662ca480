using System.Globalization;
using Adaptation.Models;

namespace Adaptation.Cli;

/// <summary>What a model file holds, in rows for people.</summary>
internal static class ModelListing
{
    private const int MostText = 60;

    /// <summary>Metadata, then tensors, then a sum.</summary>
    /// <exception cref="ModelException">The file is neither GGUF nor safetensors, or damaged.</exception>
    public static IEnumerable<string[]> Rows(string path)
    {
        Span<byte> magic = stackalloc byte[4];
        using var file = File.OpenRead(path);
        var read = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        return magic[..read].SequenceEqual("GGUF"u8) ? Gguf(path) : Safetensors(path);
    }

    private static IEnumerable<string[]> Gguf(string path)
    {
        var file = GgufFile.Open(path);
        return
        [
            .. file.Metadata.Select(pair => new[] { pair.Key, pair.Value.IsArray ? $"{pair.Value.Type}[{pair.Value.Count}]" : $"{pair.Value.Type}", Text(pair.Value) }),
            [""],
            .. file.Tensors.Select(tensor => new[] { tensor.Name, tensor.Type.Name, Shape(tensor.Shape), Number(tensor.Bytes), $"at {Number(tensor.Offset)}" }),
            [""],
            [$"{file.Tensors.Length} tensors", "", Number(file.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, length) => product * length))) + " values", Number(file.Tensors.Sum(tensor => tensor.Bytes)) + " bytes"],
        ];
    }

    private static IEnumerable<string[]> Safetensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return
        [
            .. file.Metadata.Select(pair => new[] { pair.Key, "text", Cut(pair.Value) }),
            [""],
            .. file.Tensors.Select(tensor => new[] { tensor.Name, tensor.DataType, Shape(tensor.Shape), Number(tensor.End - tensor.Start), $"at {Number(tensor.Start)} of the data" }),
            [""],
            [$"{file.Tensors.Length} tensors", "", Number(file.Tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, length) => product * length))) + " values", Number(file.Tensors.Sum(tensor => tensor.End - tensor.Start)) + " bytes"],
        ];
    }

    private static string Text(GgufValue value) => Cut(value.IsArray
        ? string.Join(", ", ((Array)value.Value).Cast<object>().Take(8).Select(item => Convert.ToString(item, CultureInfo.InvariantCulture))) + (value.Count > 8 ? ", …" : "")
        : Convert.ToString(value.Value, CultureInfo.InvariantCulture)!);

    /// <summary>A file's text may hold anything; what would move a terminal's cursor is shown as a dot.</summary>
    private static string Cut(string text)
    {
        var plain = string.Concat(text.Select(c => char.IsControl(c) ? '·' : c));
        return plain.Length <= MostText ? plain : plain[..MostText] + "…";
    }

    private static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
