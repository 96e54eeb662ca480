using System.Collections.Immutable;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>What a model keeps of one position, from its metadata.</summary>
/// <remarks>
/// Source: llama_kv_cache's constructor in src/llama-kv-cache.cpp of llama.cpp v0.5.0. A lower bound: what the metadata leave open (layers that only
/// predict ahead, or that share the keys of others) is not counted, so that nothing that fits is refused.
/// </remarks>
internal static class CacheRows
{
    private const int BlockElements = 32, BlockBytes = 34; // of Q8_0

    /// <returns>Bytes of keys and values of one position, one number per layer from the first; empty or 0 where the metadata do not say.</returns>
    public static ImmutableArray<Int128> Of(GgufHeader header, CacheType type)
    {
        var architecture = header.Text("general.architecture");
        IReadOnlyList<long> Numbers(string key) => header.Numbers($"{architecture}.{key}");
        long First(string key) => Numbers(key) is [var first, ..] ? Bounded(first) : 0;
        var heads = Numbers("attention.head_count");
        var shared = Numbers("attention.head_count_kv") is { Count: > 0 } stated ? stated : heads;
        var layers = Math.Min(First("block_count"), GgufRules.MostLayers);
        var keeping = layers - First("nextn_predict_layers") - First("attention.shared_kv_layers"); // both count from the last layer
        // latent attention keeps one compressed row, and no values
        var hasValues = Numbers("attention.key_length_mla").Count == 0;
        var rows = ImmutableArray.CreateBuilder<Int128>();
        for (var layer = 0; layer < layers; layer++)
        {
            var (count, all) = (At(shared, layer), At(heads, layer));
            var usual = all > 0 ? First("embedding_length") / all : 0;
            rows.Add(layer >= keeping ? 0 : Row(count * Length("attention.key_length", usual), type) + (hasValues ? Row(count * Length("attention.value_length", usual), type) : 0));
        }

        return rows.ToImmutable();

        // layers with a window may have heads of another size
        long Length(string key, long usual) => Numbers($"{key}_swa").Count == 0 ? Whole(key, usual) : Math.Min(Whole(key, usual), First($"{key}_swa"));
        long Whole(string key, long usual) => Numbers(key).Count == 0 ? usual : First(key);
    }

    private static Int128 Row(long elements, CacheType type) => type switch
    {
        CacheType.F32 => (Int128)elements * sizeof(float),
        CacheType.F16 => (Int128)elements * sizeof(short),
        _ => (Int128)elements / BlockElements * BlockBytes,
    };

    private static long At(IReadOnlyList<long> numbers, int layer) =>
        Bounded(numbers.Count == 1 ? numbers[0] : layer < numbers.Count ? numbers[layer] : 0);

    /// <summary>Products of two stay within a long: a file may say anything.</summary>
    private static long Bounded(long number) => Math.Clamp(number, 0, int.MaxValue);
}
