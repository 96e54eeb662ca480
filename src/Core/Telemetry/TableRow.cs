using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Adaptation.Core;

/// <summary>One of the lines that a table has for each device: cells between bars, with columns side by side in a cell.</summary>
/// <param name="Cells">Columns of each cell, from left to right.</param>
internal sealed partial record TableRow(ImmutableArray<ImmutableArray<TableColumn>> Cells)
{
    /// <summary>Values by column; null if the line is not such a row.</summary>
    /// <remarks>A cell that has fewer values than columns, or more without a name that could have blanks in it, says which is which no longer: then nothing is read.</remarks>
    public ImmutableArray<(TableColumn Column, string Value)>? TryRead(ImmutableArray<string> cells)
    {
        if (cells.Length != Cells.Length)
            return null;
        var values = ImmutableArray.CreateBuilder<(TableColumn, string)>();
        for (var at = 0; at < cells.Length; at++)
        {
            if (Assign(Cells[at], Values(cells[at])) is not { } assigned)
                return null;
            values.AddRange(assigned);
        }

        return values.ToImmutable();
    }

    /// <summary>The same row as a heading has it: titles that are known where they stand now, and others in their places.</summary>
    /// <returns>Null if the line is no heading of this row.</returns>
    public TableRow? TryFollow(ImmutableArray<string> cells)
    {
        TableColumn[] known = [.. Cells.SelectMany(cell => cell).SelectMany(column => column.Also is { } other ? [column, column with { Title = other }] : new[] { column }).OrderByDescending(column => column.Title.Length)];
        var found = cells.Select(cell => Titles(cell, known)).ToImmutableArray();
        var titles = found.SelectMany(cell => cell).Where(known.Contains).ToArray();
        return titles.Length >= 2 && titles.Length * 2 > Cells.Sum(cell => cell.Length) && titles.Distinct().Count() == titles.Length ? new(found) : null;
    }

    private static ImmutableArray<TableColumn> Titles(string cell, TableColumn[] known)
    {
        var columns = ImmutableArray.CreateBuilder<TableColumn>();
        for (var rest = cell.AsSpan().Trim(); !rest.IsEmpty; rest = rest.TrimStart())
        {
            var text = rest.ToString();
            var column = Array.Find(known, one => text.StartsWith(one.Title, StringComparison.Ordinal) && (text.Length == one.Title.Length || text[one.Title.Length] == ' '));
            var end = text.IndexOf(' ', StringComparison.Ordinal);
            column ??= new(end < 0 ? text : text[..end]);
            columns.Add(column);
            rest = rest[column.Title.Length..];
        }

        return columns.ToImmutable();
    }

    private static IEnumerable<(TableColumn, string)>? Assign(ImmutableArray<TableColumn> columns, List<string> values)
    {
        if (values.Count == 0)
            return []; // a cell that is left empty says nothing of its columns
        if (values.Count > columns.Length)
            JoinWatts(columns, values);
        var text = columns.FirstOrDefault(column => column.IsText);
        var extra = values.Count - columns.Length;
        if (extra < 0 || (extra > 0 && text is null))
            return null;
        if (extra > 0)
        {
            var at = columns.IndexOf(text!);
            values[at] = string.Join(' ', values.Skip(at).Take(extra + 1));
            values.RemoveRange(at + 1, extra);
        }

        return columns.Zip(values);
    }

    /// <summary>Usage and cap of one column with nothing but blanks between them.</summary>
    private static void JoinWatts(ImmutableArray<TableColumn> columns, List<string> values)
    {
        if (!columns.Any(column => column.Held == Held.Power))
            return;
        var at = values.FindIndex(value => ToolValue.Watts(value, isBare: false) is not null);
        if (at >= 0 && at + 1 < values.Count && ToolValue.Watts(values[at + 1], isBare: false) is not null)
        {
            values[at] = $"{values[at]}/{values[at + 1]}";
            values.RemoveAt(at + 1);
        }
    }

    private static List<string> Values(string cell) => [.. Value().Matches(cell).Select(match => match.Value)];

    // "N/A / N/A" and "97W / NA"; "0    / 0"; "106 W/ 250 W"; "2MiB(16384MiB)"; "39 C"; a word
    [GeneratedRegex(
        """
        (?:N/A|NA|-?[0-9]+(?:\.[0-9]+)?[ ]?[A-Za-z%]*)[ ]*/[ ]*(?:N/A|NA|[0-9]+(?:\.[0-9]+)?(?:[ ]?(?:MiB|GiB|MB|W))?)(?=\s|\z)
        |[0-9]+(?:\.[0-9]+)?[ ](?:C|W|%|MiB|GiB|MHz)(?=\s|\z)
        |\S+
        """, RegexOptions.IgnorePatternWhitespace, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Value();
}
