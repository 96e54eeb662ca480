using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Adaptation.Core;

/// <summary>What an answer does wrong: the words that equal causes share, and where.</summary>
/// <param name="where">May hold what a server wrote: it is cut, and made fit to be shown.</param>
internal sealed class ToolFault(string cause, string where)
{
    private const int MostCharacters = 160;

    public string Cause => cause;

    public string Where { get; } = Readable(where);

    /// <summary>A text of a server's, cut, and without what would change how other text is shown.</summary>
    public static string Readable(string text)
    {
        var shown = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Take(MostCharacters))
        {
            shown.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned ? "?" : rune.ToString());
        }

        return text.Length > MostCharacters ? $"{shown}..." : shown.ToString();
    }
}

/// <summary>What one answer is worth.</summary>
/// <param name="Triggered">Whether it calls a tool: its finish_reason is <c>tool_calls</c>, as K2VV has it.</param>
/// <param name="IsJudged">Whether it must be valid: it makes a call, was to make one, is to be structured, or is no answer at all.</param>
/// <param name="Fault">The first; null if it is valid, or need not be.</param>
/// <param name="Ending">For people.</param>
internal sealed record ToolScore(ToolItem Item, bool Triggered, bool IsJudged, ToolFault? Fault, string Ending)
{
    private const string Calls = "tool_calls", Stop = "stop";

    public static ToolScore Unanswered(ToolItem item, string why) => new(item, false, true, new("are no answer", why), "no answer");

    public static ToolScore Of(ToolItem item, ToolAnswer answer)
    {
        var (triggered, ending) = (answer.Finish == Calls, ToolFault.Readable($"finish_reason {answer.Finish ?? "missing"}"));
        if (item.IsStructured)
            return new(item, false, true, OfContent(item, answer), ending);
        var isJudged = triggered || !answer.Calls.IsEmpty || answer.Finish is null || item.Choice is ToolChoice.Required or ToolChoice.Named;
        return new(item, triggered, isJudged, isJudged ? OfCalls(item, answer, triggered, ending) : null, ending);
    }

    private static ToolFault? OfCalls(ToolItem item, ToolAnswer answer, bool triggered, string ending)
    {
        var isForced = item.Choice is ToolChoice.Required or ToolChoice.Named;
        if (answer.Finish is null)
            return new("say no finish_reason", ending);
        if (item.Choice == ToolChoice.None)
            return new("make a call although tool_choice is none", ending);
        if (answer.Calls.IsEmpty)
            return triggered ? new("say finish_reason tool_calls and make no call", ending) : new("make no call although tool_choice asks for one", ending);
        if (!triggered && !(isForced && answer.Finish == Stop)) // a forced call ends with stop in OpenAI's own API
            return new("make a call under another finish_reason", ending);
        return answer.Calls.Select(call => OfCall(item, call)).FirstOrDefault(fault => fault is not null);
    }

    private static ToolFault? OfCall(ToolItem item, ToolCall call)
    {
        if (!item.Tools.TryGetValue(call.Name, out var schema))
            return new("name a tool that was not offered", call.Name);
        if (item.Choice == ToolChoice.Named && call.Name != item.Named)
            return new("name another tool than tool_choice", call.Name);
        if (JsonText.TryParse(call.Arguments, out var problem) is not { } arguments)
            return new("have arguments that are no JSON", $"{call.Name}: {problem}");
        if (arguments.ValueKind != JsonValueKind.Object)
            return new("have arguments that are no object", $"{call.Name}: {arguments.ValueKind}");
        return schema.Check(arguments) is { } fault ? Said(fault, "argument", $"{call.Name} ") : null;
    }

    private static ToolFault? OfContent(ToolItem item, ToolAnswer answer)
    {
        if (answer.Finish != Stop)
            return new("did not end with finish_reason stop", $"finish_reason {answer.Finish ?? "missing"}");
        if (answer.Content is not { } content)
            return new("have no content", "content is null");
        if (JsonText.TryParse(content, out var problem) is not { } value)
            return new("are no JSON", problem);
        return item.Content!.Check(value) is { } fault ? Said(fault, "member", "") : null;
    }

    private static ToolFault Said(SchemaFault fault, string part, string prefix) => fault.Kind switch
    {
        SchemaFaultKind.MissingMember => new($"lack a required {part}", prefix + fault.Path),
        SchemaFaultKind.UndeclaredMember => new($"have {(part[0] == 'a' ? "an" : "a")} {part} that is not declared", prefix + fault.Path),
        SchemaFaultKind.WrongType => new($"have {(part[0] == 'a' ? "an" : "a")} {part} of a wrong type", $"{prefix}{fault.Path} {fault.What}"),
        _ => new($"have {(part[0] == 'a' ? "an" : "a")} {part} of a value that is not allowed", $"{prefix}{fault.Path} {fault.What}"),
    };
}
