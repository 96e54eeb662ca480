namespace Adaptation.Core;

/// <summary>Says one thing that is wrong with an input, in the words of that file.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">1-based; 0 where no line can be named.</param>
/// <param name="Key">Dotted path of the key, such as <c>container.memory</c>; empty for the file as a whole.</param>
/// <param name="Message">What was seen against what was expected, and what to do.</param>
public sealed record Problem(string File, int Line, string Key, string Message)
{
    public override string ToString() =>
        $"{File}{(Line > 0 ? $":{Line}" : "")}: {(Key.Length > 0 ? $"{Key}: " : "")}{Message}";
}
