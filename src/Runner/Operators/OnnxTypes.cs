namespace Adaptation.Runner;

/// <summary>Element types of TensorProto by their number.</summary>
/// <remarks>Source: onnx.proto, TensorProto.DataType.</remarks>
internal static class OnnxTypes
{
    private static readonly string?[] Wire =
    [
        null, "FP32", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "BYTES", "BOOL", "FP16", "FP64", "UINT32", "UINT64", null, null, "BF16",
    ];

    private static readonly string[] Others =
        ["complex64", "complex128", "", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0", "uint2", "int2"];

    /// <returns>As the Open Inference Protocol spells it, or null for a type that it has no word for.</returns>
    public static string? Word(long number) => number >= 0 && number < Wire.Length ? Wire[number] : null;

    /// <returns>The number of a type that the protocol has a word for.</returns>
    public static long Number(string word) => Array.IndexOf(Wire, word);

    /// <summary>What a type is called where the protocol has no word for it.</summary>
    public static string Name(long number) =>
        Word(number) ?? (number >= 14 && number - 14 < Others.Length && Others[number - 14].Length > 0 ? Others[number - 14] : $"ONNX element type {number}");
}
