using System.Globalization;
using System.Text.RegularExpressions;
using Adaptation.Core;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Adaptation.Runner;

/// <summary>Looks at the events of a file before any tree is built, and says what of it is not read here.</summary>
/// <remarks>
/// Deep nesting overflows the stack of a tree's builder, aliases make small files huge, and a tag makes two keys of one name. What the
/// YAML package throws on broken files is not what it documents: every exception of it is a problem of the file.
/// </remarks>
internal sealed partial class YamlScan(string text, string shownAs)
{
    private const int MaxDepth = 16;
    private readonly Stack<Level> _open = [];
    private int _line = 1;

    /// <returns>Null where the file can be read.</returns>
    public Problem? FindProblem()
    {
        Problem? found = null;
        return Guard(() => found = Walk()) ?? found;
    }

    /// <summary>Turns whatever the YAML package throws into a problem of the file.</summary>
    public Problem? Guard(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (YamlException broken)
        {
            return TabIndented() is var tab and > 0 ? At(tab, "", "is indented with a tab; use spaces 请用空格缩进") : Unclosed((int)broken.Start.Line, broken.Message);
        }
        catch (Exception accident) when (accident is not OutOfMemoryException)
        {
            return Unclosed(_line, "cannot be read as YAML from here on; look for a bracket or a quote that is not closed, and at the indentation");
        }
    }

    private Problem? Walk()
    {
        if (text.IndexOf('\0', StringComparison.Ordinal) is var nul and >= 0)
            return At(text.AsSpan(0, nul).Count('\n') + 1, "", "contains a NUL character; is it a text file? 含空字符，请确认为文本文件");
        var parser = new Parser(new StringReader(text));
        while (parser.MoveNext())
        {
            var what = parser.Current!;
            _line = (int)what.End.Line;
            if (See(what) is { } problem)
                return problem;
        }

        return null;
    }

    private Problem? See(ParsingEvent what)
    {
        var line = (int)what.Start.Line;
        if (_open.Count >= MaxDepth && what.NestingIncrease > 0)
            return At(line, "", $"is nested deeper than {MaxDepth} levels");
        switch (what)
        {
            case AnchorAlias or NodeEvent { Anchor.IsEmpty: false }:
                return At(line, "", "anchors and aliases are not read here; write the value out");
            case NodeEvent { Tag.IsEmpty: false }:
                return At(line, "", "tags are not read here; leave it out");
            case MappingEnd or SequenceEnd:
                _open.Pop();
                return null;
            case NodeEvent node:
                return Place(node, line);
            default:
                return null;
        }
    }

    private Problem? Place(NodeEvent node, int line)
    {
        var level = _open.TryPeek(out var top) ? top : null;
        var path = level?.Path ?? "";
        if (level is { IsMap: true, Key: null })
        {
            if (node is not Scalar { Value: var key })
                return At(line, path, "a bracket stands where a key is expected; put a text that begins with a bracket in quotes");
            if (!level.Lines.TryAdd(key, line))
                return At(line, Join(path, key), $"stands here for the second time; the first is in line {level.Lines[key]}. Keep one of the two");
            level.Key = key;
            return null;
        }

        path = Join(path, level?.Key ?? "");
        if (level is not null)
            level.Key = null;
        if (node is MappingStart map)
            _open.Push(new Level(path, IsMap: true, map.Style == MappingStyle.Flow ? '{' : ' ', line));
        else if (node is SequenceStart list)
            _open.Push(new Level(path, IsMap: false, list.Style == SequenceStyle.Flow ? '[' : ' ', line));
        return null;
    }

    /// <summary>Where a bracket is open, that is what to look at: the package notices lines later.</summary>
    private Problem Unclosed(int line, string message) => _open.LastOrDefault(level => level.Bracket != ' ') is { } open
        ? At(open.Line, "", $"the `{open.Bracket}` of this line is never closed{(line == open.Line ? "" : string.Create(CultureInfo.InvariantCulture, $" (noticed in line {line})"))}; close it, and put quotes around texts that have brackets, braces or colons in them 括号未闭合，或其中的文本需加引号")
        : At(line, "", Worded(message));

    /// <summary>What the package says of its own doings, as what to look at.</summary>
    private static string Worded(string message) =>
        message.Contains("quoted scalar", StringComparison.Ordinal) ? "the quote of this line is never closed 引号未闭合"
        : message.Contains("plain scalar", StringComparison.Ordinal) || message.Contains("block mapping", StringComparison.Ordinal) || message.Contains("simple key", StringComparison.Ordinal)
            ? "expected `key: value` here or in the line above, with a blank behind the colon, as far indented as its neighbours; a text with a colon in it stands in quotes 应为 `键: 值`，冒号后留空格，缩进与相邻键一致"
        : message;

    private Problem At(int line, string key, string message) => new(shownAs, line, key, message);

    /// <returns>0 where there is none.</returns>
    private int TabIndented()
    {
        var at = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            at++;
            if (Tab().IsMatch(line))
                return at;
        }

        return 0;
    }

    private static string Join(string path, string key) => path.Length == 0 ? key : key.Length == 0 ? path : $"{path}.{key}";

    [GeneratedRegex(@"\A *\t\s*[^\s#]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Tab();

    /// <param name="Bracket">That opened it; a blank where indentation did.</param>
    private sealed record Level(string Path, bool IsMap, char Bracket, int Line)
    {
        /// <summary>Keys so far, with their lines.</summary>
        public Dictionary<string, int> Lines { get; } = new(StringComparer.Ordinal);

        /// <summary>Whose value comes next; null where a key does.</summary>
        public string? Key { get; set; }
    }
}
