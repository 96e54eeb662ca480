namespace Adaptation.Adapters.Abstractions;

/// <summary>Element types of the Open Inference Protocol, and BF16, which servers add to it.</summary>
public enum DataType
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned, 1 byte.</summary>
    UInt8,

    /// <summary>Unsigned, 2 bytes.</summary>
    UInt16,

    /// <summary>Unsigned, 4 bytes.</summary>
    UInt32,

    /// <summary>Unsigned, 8 bytes.</summary>
    UInt64,

    /// <summary>Signed, 1 byte.</summary>
    Int8,

    /// <summary>Signed, 2 bytes.</summary>
    Int16,

    /// <summary>Signed, 4 bytes.</summary>
    Int32,

    /// <summary>Signed, 8 bytes.</summary>
    Int64,

    /// <summary>IEEE 754 binary16, 2 bytes.</summary>
    FP16,

    /// <summary>The upper half of an IEEE 754 binary32, 2 bytes.</summary>
    BF16,

    /// <summary>IEEE 754 binary32, 4 bytes.</summary>
    FP32,

    /// <summary>IEEE 754 binary64, 8 bytes.</summary>
    FP64,

    /// <summary>Byte strings: each element a 4-byte little-endian length and then so many bytes.</summary>
    Bytes,
}

/// <summary>Spelling and size of element types.</summary>
public static class DataTypes
{
    private static readonly string[] Words =
        ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "BF16", "FP32", "FP64", "BYTES"];

    private static readonly int[] Sizes = [1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 0];

    /// <summary>As the Open Inference Protocol spells it: <c>FP32</c>.</summary>
    public static string Word(this DataType type) => Words[(int)type];

    /// <summary>Bytes of one element; 0 for <see cref="DataType.Bytes"/>, whose elements differ.</summary>
    public static int Size(this DataType type) => Sizes[(int)type];

    /// <summary>Reads the spelling of the Open Inference Protocol, case included.</summary>
    /// <returns>Null for a word that is none.</returns>
    public static DataType? TryParse(string word)
    {
        var index = Array.IndexOf(Words, word);
        return index < 0 ? null : (DataType)index;
    }
}
