using System.Text;

namespace Adaptation.Runner.Docker;

/// <summary>Cuts text that comes in pieces into lines, reports each, and remembers the last ones for an error's message.</summary>
internal sealed class LineSplitter(IProgress<string> output, int tailLines)
{
    /// <summary>A line without an end is cut here, so that a build that prints none cannot fill the memory.</summary>
    private const int LineLimit = 16 * 1024;

    private readonly StringBuilder _line = new();
    private readonly Queue<string> _tail = new();

    public string Tail => string.Join('\n', _tail);

    public void Add(string text)
    {
        foreach (var c in text)
        {
            if (c == '\n' || _line.Length >= LineLimit)
                Flush();
            if (c is not ('\n' or '\r'))
                _line.Append(c);
        }
    }

    public void Flush()
    {
        if (_line.Length == 0)
            return;
        var line = _line.ToString();
        _line.Clear();
        _tail.Enqueue(line);
        if (_tail.Count > tailLines)
            _tail.Dequeue();
        output.Report(line);
    }
}
