namespace Adaptation.Models;

/// <summary>How the values of a tensor lie in a file.</summary>
public enum WeightType
{
    F32,
    F16,

    /// <summary>The upper half of a float32.</summary>
    Bf16,

    /// <summary>ggml: 32 values share one float16 scale; a signed byte each; 34 bytes.</summary>
    Q8_0,

    /// <summary>ggml: 32 values share one float16 scale; four bits each, biased by 8; 18 bytes.</summary>
    Q4_0,

    /// <summary>Read, never written.</summary>
    F64,
}

/// <summary>Sizes and spellings of <see cref="WeightType"/>.</summary>
public static class WeightTypes
{
    /// <summary>What can be written, by the spelling used on the command line and in manifests.</summary>
    public static IReadOnlyDictionary<string, WeightType> Writable { get; } = new Dictionary<string, WeightType>(StringComparer.Ordinal)
    {
        ["f32"] = WeightType.F32,
        ["f16"] = WeightType.F16,
        ["bf16"] = WeightType.Bf16,
        ["q8_0"] = WeightType.Q8_0,
        ["q4_0"] = WeightType.Q4_0,
    };

    public static string Spelling(this WeightType type) => type == WeightType.F64 ? "f64" : Writable.Single(known => known.Value == type).Key;

    /// <summary>Values that one block holds; a row is a whole number of blocks.</summary>
    public static int BlockElements(this WeightType type) => type is WeightType.Q8_0 or WeightType.Q4_0 ? 32 : 1;

    public static int BlockBytes(this WeightType type) => type switch
    {
        WeightType.F64 => 8,
        WeightType.F32 => 4,
        WeightType.F16 or WeightType.Bf16 => 2,
        WeightType.Q8_0 => 34,
        WeightType.Q4_0 => 18,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no such type"),
    };

    /// <param name="elements">A multiple of <see cref="BlockElements"/>.</param>
    /// <exception cref="OverflowException">The size exceeds 63 bits.</exception>
    public static long Bytes(this WeightType type, long elements) => checked(elements / type.BlockElements() * type.BlockBytes());
}
