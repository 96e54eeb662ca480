using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>Refuses what would make the engine end the process: it answers a broken value with an exception or with abort(), and these are the latter.</summary>
/// <remarks>Source: GGML_ASSERT in llama-model.cpp, llama-vocab.cpp and models/*.cpp of llama.cpp v0.5.0. Everything else is left to the engine's own words.</remarks>
internal static class GgufRules
{
    internal const int MostLayers = 512;

    private const int MostExperts = 1024;

    private static readonly string[] Scalings = ["none", "linear", "yarn", "longrope"];

    /// <summary>Architectures whose graph wants keys, values and rotation of one size.</summary>
    private static readonly string[] OneHeadSize = ["llama", "qwen2", "qwen2moe", "qwen3", "qwen3moe"];

    /// <summary>Reads the header of a model.</summary>
    /// <exception cref="AdapterException">The file cannot be read, is no GGUF file, or would take the process down.</exception>
    public static GgufHeader Check(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (!file.CanSeek)
                throw new AdapterException($"Model {path} is no plain file. Give a GGUF file.");
            var header = GgufHeader.Read(file);
            return Problem(header) is { } problem
                ? throw new AdapterException($"Model {path} is not sound: {problem}. Convert it again.")
                : header;
        }
        catch (InvalidDataException broken)
        {
            throw new AdapterException($"Model {path} cannot be read as GGUF: {broken.Message}. Fetch or convert it again.", broken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new AdapterException($"Model {path} cannot be read: {failure.Message.TrimEnd('.')}.", failure);
        }
    }

    /// <returns>Null if the engine can be trusted with it.</returns>
    internal static string? Problem(GgufHeader header)
    {
        if (header.Text("general.architecture") is not { } architecture)
            return null;
        return Layers(header, architecture) ?? Experts(header, architecture) ?? Heads(header, architecture)
            ?? Positions(header, architecture) ?? Vocabulary(header) ?? Types(header, architecture);
    }

    /// <summary>The engine takes weights of any type and finds out in the middle of a computation which it cannot multiply.</summary>
    private static string? Types(GgufHeader header, string architecture)
    {
        const uint Int8 = 24, Float64 = 28; // and the other integers between them
        return OneHeadSize.Contains(architecture) && header.Weights.FirstOrDefault(weight => weight.Type is >= Int8 and <= Float64) is { Name: { } name, Type: var type }
            ? $"weight {name} has ggml type {type}, whole numbers or double precision, which the engine cannot compute with"
            : null;
    }

    private static string? Layers(GgufHeader header, string architecture)
    {
        var (layers, extra) = (One(header, $"{architecture}.block_count"), One(header, $"{architecture}.nextn_predict_layers"));
        if (layers is < 1 or > MostLayers)
            return $"{architecture}.block_count is {layers}; 1 to {MostLayers} is expected";
        if (extra > (layers ?? 0))
            return $"{architecture}.nextn_predict_layers is {extra}; at most {layers} is expected";
        foreach (var key in new[] { "embedding_length", "context_length" })
        {
            if (One(header, $"{architecture}.{key}") is { } size and (< 1 or > int.MaxValue))
                return $"{architecture}.{key} is {size}; 1 or more is expected";
        }
        return OneHeadSize.Contains(architecture) && header.Numbers($"{architecture}.feed_forward_length").Any(length => length < 1)
            ? $"{architecture}.feed_forward_length has a layer with less than 1"
            : null;
    }

    private static string? Experts(GgufHeader header, string architecture)
    {
        var experts = One(header, $"{architecture}.expert_count") ?? 0;
        var used = header.Numbers($"{architecture}.expert_used_count").DefaultIfEmpty().Max();
        var groups = One(header, $"{architecture}.expert_group_count") ?? 0;
        var groupsUsed = One(header, $"{architecture}.expert_group_used_count") ?? 0;
        var fits = experts == 0
            ? used == 0 && groups == 0
            : experts <= MostExperts && used >= 1 && used <= experts && groups < experts
                && (groups <= 1 || (experts % groups == 0 && groupsUsed >= 1 && groupsUsed < groups));
        return fits ? null
            : $"{architecture}.expert_count {experts}, expert_used_count {used}, expert_group_count {groups} and expert_group_used_count {groupsUsed} contradict each other";
    }

    private static string? Heads(GgufHeader header, string architecture)
    {
        if (!OneHeadSize.Contains(architecture))
            return null;
        var heads = header.Numbers($"{architecture}.attention.head_count");
        var shared = header.Numbers($"{architecture}.attention.head_count_kv");
        for (var layer = 0; layer < Math.Max(heads.Count, shared.Count); layer++)
        {
            var (head, kv) = (At(heads, layer), shared.Count == 0 ? At(heads, layer) : At(shared, layer));
            if (head < 1 || kv < 1 || head % kv != 0)
                return $"{architecture}.attention.head_count {head} is no multiple of head_count_kv {kv}";
        }
        if (heads.Count == 0 || One(header, $"{architecture}.embedding_length") is not { } width)
            return null;
        var key = One(header, $"{architecture}.attention.key_length") ?? width / heads[0];
        var value = One(header, $"{architecture}.attention.value_length") ?? width / heads[0];
        var rotated = One(header, $"{architecture}.rope.dimension_count") ?? key;
        return key < 1 || key != value || key != rotated || key % 2 != 0
            ? $"{architecture}: a head has {key} for keys, {value} for values and {rotated} rotated; one even number is expected"
            : null;
    }

    private static string? Positions(GgufHeader header, string architecture)
    {
        if (header.Text($"{architecture}.rope.scaling.type") is { } scaling && !Scalings.Contains(scaling))
            return $"{architecture}.rope.scaling.type is {scaling}; one of {string.Join(", ", Scalings)} is expected";
        return One(header, $"{architecture}.pooling_type") is { } pooling and (< 0 or > 4)
            ? $"{architecture}.pooling_type is {pooling}; 0 to 4 is expected"
            : null;
    }

    private static string? Vocabulary(GgufHeader header)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var tokens = header.Texts("tokenizer.ggml.tokens");
        for (var index = 0; index < tokens.Count; index++)
        {
            if (tokens[index].Length > 0 && !seen.Add(tokens[index]))
                return $"token {index} stands in its vocabulary twice";
        }
        if (header.Text("tokenizer.ggml.model") != "llama" || tokens.Count == 0)
            return null;
        for (var value = 0; value < 256; value++)
        {
            if (!seen.Contains($"<0x{value:X2}>") && !seen.Contains(((char)value).ToString()))
                return $"its vocabulary has no token for byte 0x{value:X2}, so some texts cannot be spelled";
        }
        return null;
    }

    private static long? One(GgufHeader header, string key) => header.Numbers(key) is [var only] ? only : null;

    private static long At(IReadOnlyList<long> numbers, int layer) => numbers.Count == 1 ? numbers[0] : layer < numbers.Count ? numbers[layer] : 0;
}
