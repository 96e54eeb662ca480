using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>What a value does wrong, in the words that a cause is told in.</summary>
internal enum SchemaFaultKind
{
    MissingMember, UndeclaredMember, WrongType, WrongValue,
}

/// <param name="Path">Where in the value: <c>$.unit</c>, <c>$.days[0]</c>.</param>
/// <param name="What">Was seen against what was expected.</param>
internal sealed record SchemaFault(SchemaFaultKind Kind, string Path, string What);

/// <returns>Null if the value is as it should be.</returns>
internal delegate SchemaFault? SchemaRule(JsonElement value, string path);

/// <summary>A schema of the subset of JSON Schema 2020-12 that <see cref="JsonSchemaReader"/> knows, ready to check values. Immutable.</summary>
/// <param name="rules">All must hold; the first that does not is told.</param>
/// <param name="size">Rules that checking one value can come by, references written out: what bounds the cost.</param>
internal sealed class JsonSchema(ImmutableArray<SchemaRule> rules, int size)
{
    /// <summary>The schema true.</summary>
    public static JsonSchema Anything { get; } = new([], 1);

    /// <summary>The schema false.</summary>
    public static JsonSchema Nothing { get; } = new([(_, path) => new(SchemaFaultKind.WrongValue, path, "stands where nothing is allowed")], 1);

    public int Size => size;

    /// <returns>The first fault; null if the value is valid.</returns>
    public SchemaFault? Check(JsonElement value) => Check(value, "$");

    public SchemaFault? Check(JsonElement value, string path)
    {
        foreach (var rule in rules)
        {
            if (rule(value, path) is { } fault)
                return fault;
        }

        return null;
    }
}
