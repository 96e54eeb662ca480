using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>Prompts with tools, or with a schema for the answer, and where a reference called a tool (COR-17). Never leaves the runner's side but for what is asked.</summary>
/// <param name="Model">Id of the model that the reference is.</param>
/// <param name="Reference">Who or what it was, in words.</param>
/// <param name="SelfRuns">Further runs of it that were held against the triggers that the items state.</param>
/// <param name="LowestF1Ppm">The lowest F1 of those, in parts per million.</param>
/// <param name="MaxTokens">Of an answer.</param>
public sealed record ToolPack(string Model, string Reference, long SelfRuns, long LowestF1Ppm, int MaxTokens, ImmutableArray<ToolItem> Items)
{
    /// <summary>The pack's first line names it.</summary>
    public const string Schema = "adaptation.tool-pack/v1";

    /// <summary>Most bytes of a pack, and most items.</summary>
    public const int MaxBytes = 64 << 20, MostItems = 4000;

    /// <summary>Reads a pack: one JSON object a line, the first of which is its head.</summary>
    /// <param name="problems">Filled with everything that is wrong, each with its line and member.</param>
    /// <returns>Null if anything is wrong.</returns>
    public static ToolPack? TryRead(ReadOnlyMemory<byte> file, string shownAs, ICollection<Problem> problems) => ToolPackReader.TryRead(file, shownAs, problems);
}

/// <summary>What the request says of whether a tool is to be called.</summary>
public enum ToolChoice
{
    /// <summary>The model decides: only such an item counts for the trigger.</summary>
    Auto,

    None,

    /// <summary>Any of the tools.</summary>
    Required,

    /// <summary>The one tool that is named.</summary>
    Named,
}

/// <summary>One prompt.</summary>
/// <param name="Id">Unique in the pack; <c>[a-z0-9-]+</c>.</param>
/// <param name="Request">The members of the request that it is: messages, and tools and tool_choice, or response_format.</param>
/// <param name="Called">Whether the reference called a tool: its finish_reason was <c>tool_calls</c>.</param>
public sealed record ToolItem(string Id, JsonElement Request, ToolChoice Choice, bool Called)
{
    /// <summary>Name of each tool to what its arguments must look like; empty for an item of structured output.</summary>
    internal FrozenDictionary<string, JsonSchema> Tools { get; init; } = FrozenDictionary<string, JsonSchema>.Empty;

    /// <summary>What the content must look like; null unless the item asks for structured output.</summary>
    internal JsonSchema? Content { get; init; }

    /// <summary>The tool of <see cref="ToolChoice.Named"/>.</summary>
    internal string? Named { get; init; }

    public bool IsStructured => Content is not null;
}
