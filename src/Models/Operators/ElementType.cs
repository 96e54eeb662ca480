namespace Adaptation.Models;

/// <summary>Types that cases are made of, by their numbers in ONNX's TensorProto.DataType.</summary>
internal enum ElementType
{
    FP32 = 1,
    UInt8 = 2,
    Int8 = 3,
    Int32 = 6,
    Int64 = 7,
    Bool = 9,
    FP16 = 10,
    FP64 = 11,
    BF16 = 16,
}

/// <summary>Groups of types, and what each type is called where.</summary>
internal static class ElementTypes
{
    public static readonly ElementType[] Reals = [ElementType.FP32, ElementType.FP16, ElementType.BF16, ElementType.FP64];

    public static readonly ElementType[] Integers = [ElementType.Int8, ElementType.Int32, ElementType.Int64, ElementType.UInt8];

    public static readonly ElementType[] Numbers = [.. Reals, .. Integers];

    public static readonly ElementType[] All = [.. Numbers, ElementType.Bool];

    public static bool IsReal(this ElementType type) => type is ElementType.FP32 or ElementType.FP16 or ElementType.BF16 or ElementType.FP64;

    /// <summary>As the Open Inference Protocol spells it.</summary>
    public static string Word(this ElementType type) => type.ToString().ToUpperInvariant();

    public static int Size(this ElementType type) => type switch
    {
        ElementType.FP64 or ElementType.Int64 => 8,
        ElementType.FP32 or ElementType.Int32 => 4,
        ElementType.FP16 or ElementType.BF16 => 2,
        _ => 1,
    };

    /// <summary>The number of torch's ScalarType, which TorchScript source takes where Python writes <c>torch.float32</c>.</summary>
    public static int TorchNumber(this ElementType type) => type switch
    {
        ElementType.UInt8 => 0,
        ElementType.Int8 => 1,
        ElementType.Int32 => 3,
        ElementType.Int64 => 4,
        ElementType.FP16 => 5,
        ElementType.FP32 => 6,
        ElementType.FP64 => 7,
        ElementType.Bool => 11,
        _ => 15,
    };

    /// <summary>Smallest and greatest value of an integer type.</summary>
    public static (long Least, long Most) Range(this ElementType type) => type switch
    {
        ElementType.UInt8 => (byte.MinValue, byte.MaxValue),
        ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        ElementType.Int32 => (int.MinValue, int.MaxValue),
        ElementType.Int64 => (long.MinValue, long.MaxValue),
        ElementType.Bool => (0, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no integer type"),
    };
}
