using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>The options of a profile, by the names under which <see cref="AdapterFacts.Options"/> shows them.</summary>
public static class LlamaCppOptions
{
    private static readonly SortedDictionary<string, Func<LlamaCppSpec, string, LlamaCppSpec?>> Readers = new(StringComparer.Ordinal)
    {
        ["batch"] = (spec, text) => Number(text) is { } number ? spec with { Batch = number } : null,
        ["cache_type"] = (spec, text) => Word<CacheType>(text) is { } type ? spec with { Cache = type } : null,
        ["check_weights"] = (spec, text) => Truth(text, "yes", "no") is { } check ? spec with { CheckWeights = check } : null,
        ["context_length"] = (spec, text) => Number(text) is { } number ? spec with { ContextLength = number } : null,
        ["device_layers"] = (spec, text) => text == "all" ? spec with { DeviceLayers = null } : Number(text) is { } number ? spec with { DeviceLayers = number } : null,
        ["devices"] = (spec, text) => spec with { Devices = [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)] },
        ["flash_attention"] = (spec, text) => Truth(text, "on", "off") is { } on ? spec with { FlashAttention = on } : null,
        ["micro_batch"] = (spec, text) => Number(text) is { } number ? spec with { MicroBatch = number } : null,
        ["pooling"] = (spec, text) => Word<Pooling>(text) is { } pooling ? spec with { Pooling = pooling } : null,
        ["sequences"] = (spec, text) => Number(text) is { } number ? spec with { Sequences = number } : null,
        ["threads"] = (spec, text) => Number(text) is { } number ? spec with { Threads = number } : null,
    };

    /// <summary>Changes a spec by options given as texts; ranges are checked when the adapter is loaded.</summary>
    /// <exception cref="AdapterException">An option does not exist, or its value cannot be read; the message names it.</exception>
    public static LlamaCppSpec Apply(LlamaCppSpec spec, ImmutableSortedDictionary<string, string> options)
    {
        foreach (var (name, text) in options)
        {
            if (!Readers.TryGetValue(name, out var read))
                throw new AdapterException($"Option {name} does not exist; llama.cpp takes {string.Join(", ", Readers.Keys)}.");
            spec = read(spec, text) ?? throw new AdapterException($"Option {name} is '{text}', which it cannot be; {Expected(name)} is expected.");
        }
        return spec;
    }

    private static string Expected(string name) => name switch
    {
        "cache_type" => Words<CacheType>(),
        "check_weights" => "yes or no",
        "device_layers" => "a number, or all,",
        "flash_attention" => "on or off",
        "pooling" => Words<Pooling>(),
        _ => "a number",
    };

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static bool? Truth(string text, string yes, string no) => text == yes ? true : text == no ? false : null;

    private static T? Word<T>(string text)
        where T : struct, Enum => Enum.GetValues<T>().Where(value => Spelled(value) == text).Select(value => (T?)value).FirstOrDefault();

    private static string Words<T>()
        where T : struct, Enum => string.Join(" or ", Enum.GetValues<T>().Select(Spelled));

    private static string Spelled<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
