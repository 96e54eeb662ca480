namespace Adaptation.Models;

/// <summary>A tensor type of ggml: its number in GGUF files, its name, and its blocks.</summary>
/// <param name="BlockElements">Values of one block; a row is a whole number of blocks.</param>
/// <param name="Stored">The type as this library reads and writes it; null where it knows only the size.</param>
public sealed record GgmlType(uint Number, string Name, int BlockElements, int BlockBytes, WeightType? Stored = null)
{
    /// <summary>Source: ggml.h and gguf-py/gguf/constants.py (GGML_QUANT_SIZES) of llama.cpp.</summary>
    private static readonly Dictionary<uint, GgmlType> All = new GgmlType[]
    {
        new(0, "F32", 1, 4, WeightType.F32), new(1, "F16", 1, 2, WeightType.F16), new(2, "Q4_0", 32, 18, WeightType.Q4_0),
        new(3, "Q4_1", 32, 20), new(6, "Q5_0", 32, 22), new(7, "Q5_1", 32, 24), new(8, "Q8_0", 32, 34, WeightType.Q8_0), new(9, "Q8_1", 32, 36),
        new(10, "Q2_K", 256, 84), new(11, "Q3_K", 256, 110), new(12, "Q4_K", 256, 144), new(13, "Q5_K", 256, 176), new(14, "Q6_K", 256, 210),
        new(15, "Q8_K", 256, 292), new(16, "IQ2_XXS", 256, 66), new(17, "IQ2_XS", 256, 74), new(18, "IQ3_XXS", 256, 98), new(19, "IQ1_S", 256, 50),
        new(20, "IQ4_NL", 32, 18), new(21, "IQ3_S", 256, 110), new(22, "IQ2_S", 256, 82), new(23, "IQ4_XS", 256, 136),
        new(24, "I8", 1, 1), new(25, "I16", 1, 2), new(26, "I32", 1, 4), new(27, "I64", 1, 8), new(28, "F64", 1, 8, WeightType.F64),
        new(29, "IQ1_M", 256, 56), new(30, "BF16", 1, 2, WeightType.Bf16), new(34, "TQ1_0", 256, 54), new(35, "TQ2_0", 256, 66),
        new(39, "MXFP4", 32, 17), new(40, "NVFP4", 64, 36), new(41, "Q1_0", 128, 18), new(42, "Q2_0", 64, 18),
    }.ToDictionary(type => type.Number);

    public static GgmlType? TryOf(uint number) => All.GetValueOrDefault(number);

    public static GgmlType Of(WeightType type) => All.Values.Single(known => known.Stored == type);
}
