using System.Collections.Immutable;
using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What a user says of how the chip's devices get into the container.</summary>
/// <param name="Form">Null for the first that is known of the chip and that the container engine can do.</param>
/// <param name="Indices">Devices, as the chip's tools number them; default for the first <c>chip.count</c> of them.</param>
public sealed record LaunchChoice(LaunchForm? Form, ImmutableArray<int> Indices)
{
    /// <summary>Nothing is said.</summary>
    public static LaunchChoice Default { get; } = new(null, default);

    /// <summary>From the words of a command line or of a request that was kept; nothing and empty alike are not said.</summary>
    /// <param name="form"><c>toolkit</c>, <c>cdi</c> or <c>plain</c>.</param>
    /// <param name="devices">Such as <c>0,1</c>.</param>
    /// <exception cref="BadInputException">They are no form, or no numbers of devices.</exception>
    public static LaunchChoice Parse(string? form, string? devices)
    {
        var problems = new List<Problem>();
        LaunchForm? chosen = null;
        if (form is { Length: > 0 } && !Words.TryGetValue(form, out chosen))
            problems.Add(new("--form", 0, "", $"is `{form}`; expected toolkit, cdi or plain"));
        var words = devices is { Length: > 0 } ? devices.Split(',', StringSplitOptions.TrimEntries) : [];
        var indices = words.Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToImmutableArray();
        if (indices.Contains(-1) || indices.Distinct().Count() != indices.Length)
            problems.Add(new("--devices", 0, "", $"is `{devices}`; expected numbers, each once, such as 0,1"));
        return problems.Count == 0 ? new(chosen, words.Length == 0 ? default : indices) : throw new BadInputException([.. problems]);
    }

    /// <summary>The word of a form, as options, locks and journals have it.</summary>
    public static string Word(LaunchForm form) => form.ToString().ToLowerInvariant();

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public static string Text(ImmutableArray<int> indices) => indices.IsDefault ? "" : string.Join(',', indices.Select(index => index.ToString(CultureInfo.InvariantCulture)));

    /// <summary>The devices that are meant of a chip.</summary>
    public ImmutableArray<int> Of(ChipFacts chip) => Indices.IsDefault ? [.. Enumerable.Range(0, chip.Count)] : Indices;

    public bool Equals(LaunchChoice? other) => other is not null && Form == other.Form && Text(Indices) == Text(other.Indices);

    public override int GetHashCode() => HashCode.Combine(Form, Text(Indices));

    private static readonly ImmutableDictionary<string, LaunchForm?> Words =
        Enum.GetValues<LaunchForm>().ToImmutableDictionary(Word, form => (LaunchForm?)form, StringComparer.Ordinal);
}
