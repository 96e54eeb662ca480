using System.Collections;

namespace Adaptation.Models;

/// <summary>Types of metadata values, with the numbers that GGUF gives them.</summary>
public enum GgufType : uint
{
    UInt8 = 0,
    Int8 = 1,
    UInt16 = 2,
    Int16 = 3,
    UInt32 = 4,
    Int32 = 5,
    Float32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    UInt64 = 10,
    Int64 = 11,
    Float64 = 12,
}

/// <summary>One metadata value: of a plain type, or a list of one.</summary>
public sealed record GgufValue
{
    private GgufValue(GgufType type, object value, bool isArray) => (Type, Value, IsArray) = (type, value, isArray);

    /// <summary>Of the value, or of the list's items; never <see cref="GgufType.Array"/>.</summary>
    public GgufType Type { get; }

    /// <summary>The .NET type of the same name, or an array of it.</summary>
    public object Value { get; }

    public bool IsArray { get; }

    /// <summary>Items of a list; 1 for a plain value.</summary>
    public int Count => IsArray ? ((ICollection)Value).Count : 1;

    public static GgufValue Of(uint value) => new(GgufType.UInt32, value, isArray: false);

    public static GgufValue Of(float value) => new(GgufType.Float32, value, isArray: false);

    public static GgufValue Of(bool value) => new(GgufType.Bool, value, isArray: false);

    public static GgufValue Of(string value) => new(GgufType.String, value, isArray: false);

    public static GgufValue Of(string[] items) => new(GgufType.String, items, isArray: true);

    public static GgufValue Of(int[] items) => new(GgufType.Int32, items, isArray: true);

    /// <param name="value">A byte, sbyte, ushort, short, uint, int, ulong, long, float, double, bool or string, or an array of one of them.</param>
    public static GgufValue Of(object value)
    {
        var item = value is Array ? value.GetType().GetElementType()! : value.GetType();
        foreach (var type in Enum.GetValues<GgufType>())
        {
            if (type != GgufType.Array && DotNetType(type) == item)
                return new(type, value, value is Array);
        }

        throw new ArgumentException($"GGUF has no type for {item}", nameof(value));
    }

    /// <summary>Bytes of one value of a type; at least those for a string, which begins with its length.</summary>
    internal static int BytesOf(GgufType type) => type switch
    {
        GgufType.UInt8 or GgufType.Int8 or GgufType.Bool => 1,
        GgufType.UInt16 or GgufType.Int16 => 2,
        GgufType.UInt32 or GgufType.Int32 or GgufType.Float32 => 4,
        _ => 8,
    };

    internal static Type DotNetType(GgufType type) => type switch
    {
        GgufType.UInt8 => typeof(byte),
        GgufType.Int8 => typeof(sbyte),
        GgufType.UInt16 => typeof(ushort),
        GgufType.Int16 => typeof(short),
        GgufType.UInt32 => typeof(uint),
        GgufType.Int32 => typeof(int),
        GgufType.Float32 => typeof(float),
        GgufType.Bool => typeof(bool),
        GgufType.String => typeof(string),
        GgufType.UInt64 => typeof(ulong),
        GgufType.Int64 => typeof(long),
        GgufType.Float64 => typeof(double),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "is no plain type"),
    };
}
