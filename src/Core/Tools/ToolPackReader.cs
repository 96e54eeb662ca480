using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>Reads packs of tool prompts and says everything that is wrong with one.</summary>
internal static class ToolPackReader
{
    private const int MostProblems = 20, MostTokens = 65_536, MostRuns = 1000, MostCharacters = 500;

    public static ToolPack? TryRead(ReadOnlyMemory<byte> file, string shownAs, ICollection<Problem> problems)
    {
        var found = new List<Problem>();
        var pack = file.Length <= ToolPack.MaxBytes ? Read(file, shownAs, found) : null;
        if (pack is null && found.Count == 0)
            found.Add(new(shownAs, 0, "", $"has {file.Length} bytes; a pack has at most {ToolPack.MaxBytes}"));
        foreach (var problem in found.Take(MostProblems))
            problems.Add(problem);
        return found.Count == 0 ? pack : null;
    }

    private static ToolPack? Read(ReadOnlyMemory<byte> file, string shownAs, List<Problem> problems)
    {
        var items = ImmutableArray.CreateBuilder<ToolItem>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var asked = new Dictionary<string, int>(StringComparer.Ordinal);
        ToolPack? head = null;
        var number = 0;
        foreach (var text in Lines(file))
        {
            number++;
            if (problems.Count > MostProblems)
                return null;
            var line = new PackLine(shownAs, number, problems);
            if (text is null)
                line.Problem("", "is not UTF-8");
            else if (JsonText.TryParse(text, out var why) is not { } parsed)
                line.Problem("", $"is not one JSON object on one line: {why}");
            else if (parsed.ValueKind != JsonValueKind.Object)
                line.Problem("", $"is JSON of kind {parsed.ValueKind}; expected an object");
            else if (number == 1)
                head = Head(new PackObject(line, parsed, ""));
            else
                items.Add(ReadItem(new PackObject(line, parsed, ""), ids, asked, number, problems));
        }

        if (number == 0)
            problems.Add(new(shownAs, 1, "", $"is empty; its first line is the head of a pack {ToolPack.Schema}"));
        else if (number == 1 && problems.Count == 0)
            problems.Add(new(shownAs, 2, "", "there is no item"));
        if (items.Count > ToolPack.MostItems)
            problems.Add(new(shownAs, ToolPack.MostItems + 2, "", $"is item {ToolPack.MostItems + 1}; a pack has at most {ToolPack.MostItems}"));
        return head is null ? null : head with { Items = items.ToImmutable() };
    }

    /// <param name="asked">Requests to the lines that they stand in: one that counted twice would make bounds out of nothing.</param>
    private static ToolItem ReadItem(PackObject given, HashSet<string> ids, Dictionary<string, int> asked, int number, List<Problem> problems)
    {
        var before = problems.Count;
        var item = ToolItemReader.Read(given, ids);
        if (problems.Count == before && !asked.TryAdd(JsonText.Canonical(item.Request), number))
            given.Line.Problem("", $"asks what line {asked[JsonText.Canonical(item.Request)]} asks; each item is another request");
        return item;
    }

    /// <returns>The text of each line; null where it is none. What ends the last one may be missing.</returns>
    private static IEnumerable<string?> Lines(ReadOnlyMemory<byte> file)
    {
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        while (!file.IsEmpty)
        {
            var end = file.Span.IndexOf((byte)'\n');
            var line = end < 0 ? file : file[..end];
            file = end < 0 ? default : file[(end + 1)..];
            string? text;
            try
            {
                text = strict.GetString(line.Span);
            }
            catch (DecoderFallbackException) // documented: not UTF-8
            {
                text = null;
            }

            yield return text;
        }
    }

    private static ToolPack Head(PackObject head)
    {
        if (head.Text("schema") is { Length: > 0 } schema && schema != ToolPack.Schema)
            head.Problem("schema", $"is `{schema}`; expected {ToolPack.Schema}");
        var reference = head.Text("reference");
        if (reference.Length > MostCharacters)
            head.Problem("reference", $"has {reference.Length} characters; say it in {MostCharacters}");
        var pack = new ToolPack(
            head.Text("model"), reference, head.Integer("self_runs", 1, MostRuns), head.Integer("f1_lowest_ppm", 1, 1_000_000), (int)head.Integer("max_tokens", 1, MostTokens), []);
        head.End();
        return pack;
    }
}
