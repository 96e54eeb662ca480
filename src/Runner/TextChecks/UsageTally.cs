using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Keeps the usage object of every answer that owes one, for MET-04. Not safe for concurrent use.</summary>
internal sealed class UsageTally
{
    private static readonly ImmutableArray<(string Name, string? Within)> Fields =
    [
        ("prompt_tokens", null), ("completion_tokens", null), ("total_tokens", null),
        ("cached_tokens", "prompt_tokens_details"), ("reasoning_tokens", "completion_tokens_details"),
    ];

    private readonly List<long>[] _samples = [.. Fields.Select(_ => new List<long>())];

    /// <summary>Takes an answer in one piece; one that is refused owes no usage, and one that is no JSON gave none.</summary>
    public void Add(TextAnswer answer)
    {
        if (answer.Status != 200)
            return;
        try
        {
            using var document = answer.Json(WireLimits.Default);
            AddUsage(Of(document.RootElement));
        }
        catch (WireException)
        {
            AddUsage(null);
        }
    }

    /// <param name="usage">Null where it is missing: every count of it is <see cref="long.MaxValue"/> then, whose sum is never right.</param>
    public void AddUsage(JsonElement? usage)
    {
        foreach (var ((name, within), samples) in Fields.Zip(_samples))
            samples.Add(usage is { } given ? within is null ? Number(given, name) : Detail(given, within, name) : long.MaxValue);
    }

    public Measurement Measured() => new()
    {
        Check = "MET-04",
        Series = [.. Fields.Zip(_samples, (field, samples) => new Series(field.Name, "count", [.. samples]))],
        Facts = ImmutableSortedDictionary<string, string>.Empty.Add("answers", TextFacts.Number(_samples[0].Count)),
    };

    /// <summary>The usage object of an answer or event; null if it has none.</summary>
    public static JsonElement? Of(JsonElement answer) =>
        answer.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object ? usage : null;

    /// <summary>A count of tokens; <see cref="long.MaxValue"/> where it is missing or none.</summary>
    public static long Number(JsonElement usage, string name) =>
        usage.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
            ? number : long.MaxValue;

    private static long Detail(JsonElement usage, string within, string name) =>
        !usage.TryGetProperty(within, out var details) || details.ValueKind == JsonValueKind.Null ? 0
        : details.ValueKind != JsonValueKind.Object ? long.MaxValue
        : !details.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null ? 0
        : Number(details, name);
}
