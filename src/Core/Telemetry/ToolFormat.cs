namespace Adaptation.Core;

/// <summary>How the output of one management tool is read. Pure: same text, same reading; never throws, whatever the text.</summary>
/// <param name="name">As a profile names it: <c>npu-smi</c>.</param>
public abstract class ToolFormat(string name)
{
    /// <summary>More than any tool prints; what goes on longer is not read at all.</summary>
    public const int MostCharacters = 1 << 20;

    private const int MostInLine = 1024;

    public string Name { get; } = name;

    /// <remarks>A last line without an end was perhaps cut within a number, and is left out.</remarks>
    public ToolReading Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length > MostCharacters ? ToolReading.Empty : ReadWhole(ShowsItsEnd ? text : text[..(text.LastIndexOf('\n') + 1)]);
    }

    /// <summary>Whether a text that was cut is none of this format, wherever it was cut.</summary>
    private protected virtual bool ShowsItsEnd => false;

    private protected abstract ToolReading ReadWhole(string text);

    /// <summary>Lines short enough to be a tool's.</summary>
    private protected static IEnumerable<string> Lines(string text) =>
        text.Split('\n').Select(line => line.TrimEnd('\r', ' ', '\t')).Where(line => line.Length <= MostInLine);
}
