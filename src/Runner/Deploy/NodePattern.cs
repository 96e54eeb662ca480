using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Adaptation.Runner;

/// <summary>A path below /dev as facts have it: <c>{index}</c> stands for a device's number, <c>{index+128}</c> for one that begins elsewhere.</summary>
internal readonly partial record struct NodePattern(string Text)
{
    /// <summary>As people write it.</summary>
    public const string Index = "{index}";

    /// <summary>Whether it names another node for each device.</summary>
    public bool HasIndex => Numbers().IsMatch(Text);

    public string Of(int index) => Numbers().Replace(Text, match =>
        (index + (match.Groups["from"] is { Success: true, Value: var from } ? int.Parse(from, CultureInfo.InvariantCulture) : 0)).ToString(CultureInfo.InvariantCulture));

    /// <summary>Of each of these devices; the one path where it has no index.</summary>
    public IEnumerable<string> Of(ImmutableArray<int> indices)
    {
        var pattern = this;
        return HasIndex ? indices.Select(pattern.Of) : [Text];
    }

    [GeneratedRegex(@"\{index(\+(?<from>[0-9]{1,4}))?\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Numbers();
}
