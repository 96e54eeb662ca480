using System.Collections.Immutable;
using Adaptation.Certificates;

namespace Adaptation.Runner;

/// <summary>What was read of a stack so far: dotted names to values, and of what was not read, why.</summary>
internal sealed class StackFacts
{
    private readonly ImmutableSortedDictionary<string, string>.Builder _facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
    private readonly ImmutableSortedDictionary<string, string>.Builder _unread = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
    private readonly ImmutableSortedDictionary<string, CanonicalValue>.Builder _detail = ImmutableSortedDictionary.CreateBuilder<string, CanonicalValue>(StringComparer.Ordinal);

    public ImmutableSortedDictionary<string, string> Facts => _facts.ToImmutable();

    /// <summary>Field to the reason why it was not captured.</summary>
    public ImmutableSortedDictionary<string, string> Unread => _unread.ToImmutable();

    /// <summary>What pins the rest of the stack, or this unit of it.</summary>
    public CanonicalValue.Object Detail => new(_detail.ToImmutable());

    public void Set(string field, string value) => _facts[field] = value;

    public void AddDetail(string name, CanonicalValue value) => _detail[name] = value;

    /// <summary>Takes what was read. Of what was not, the reason is kept; a field that every such chip must have then says that it is unknown, any other is absent.</summary>
    public void Take(string field, (string? Value, string? Why) read, bool isRequired)
    {
        if (read.Value is { } value)
            _facts[field] = value;
        else
            Miss(field, read.Why ?? "", isRequired);
    }

    public void Miss(string field, string why, bool isRequired)
    {
        if (isRequired)
            _facts[field] = StackProbe.Unknown;
        if (why.Length > 0)
            _unread[field] = why;
    }
}
