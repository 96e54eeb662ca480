using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.OnnxRuntime;

/// <summary>Element types by their number in ONNXTensorElementDataType.</summary>
internal static class OrtTypes
{
    private static readonly DataType?[] ByNumber =
    [
        null, DataType.FP32, DataType.UInt8, DataType.Int8, DataType.UInt16, DataType.Int16, DataType.Int32, DataType.Int64, DataType.Bytes,
        DataType.Bool, DataType.FP16, DataType.FP64, DataType.UInt32, DataType.UInt64, null, null, DataType.BF16,
    ];

    /// <returns>Null for complex numbers, 8-bit floats and packed integers, which the protocol has no word for.</returns>
    public static DataType? TryFrom(int number) => number >= 0 && number < ByNumber.Length ? ByNumber[number] : null;

    public static int Number(DataType type) => Array.IndexOf(ByNumber, type);
}
