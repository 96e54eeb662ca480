using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>The last lines that the engine logged, so that its own words can stand in a message. Safe for concurrent use.</summary>
/// <remarks>
/// One for the process: a build has one log for all its models, and two builds may share the library that most of it comes from. Lines of two
/// models that load at once are mixed.
/// </remarks>
internal sealed unsafe class LlamaLog
{
    private const int Kept = 1000, Shown = 6, Warning = 3, Error = 4, Continued = 5;

    private readonly Lock _gate = new();
    private readonly List<Line> _lines = [];
    private long _count;

    private LlamaLog()
    {
    }

    public static LlamaLog OfProcess { get; } = new();

    /// <summary>Number of lines so far; see <see cref="Tail"/>.</summary>
    public long Mark
    {
        get
        {
            lock (_gate)
                return _count;
        }
    }

    /// <summary>Redirects the log of a library, for as long as the process lives.</summary>
    public void Capture(LlamaLibrary library)
    {
        var self = GCHandle.ToIntPtr(GCHandle.Alloc(this)); // never freed: backend threads may log until the process ends
        var callback = (nint)(delegate* unmanaged<int, nint, nint, void>)&Write;
        ((delegate* unmanaged<nint, nint, void>)library[LlamaSymbol.ggml_log_set])(callback, self);
        ((delegate* unmanaged<nint, nint, void>)library[LlamaSymbol.llama_log_set])(callback, self);
    }

    /// <summary>Throws with what was logged since a mark.</summary>
    /// <param name="what">What failed, without a full stop.</param>
    /// <param name="next">What to do about it, if there is something.</param>
    public AdapterException Failure(LlamaLibrary library, string what, long mark, string next = "") =>
        new($"{what}: llama.cpp {library.Version} says: {Tail(mark)}{(next.Length == 0 ? "" : $". {next}")}");

    /// <summary>The warnings and errors since a mark; if there are none, the last lines of any kind.</summary>
    public string Tail(long mark = 0)
    {
        lock (_gate)
        {
            var recent = _lines.Where(line => line.Number > mark && !string.IsNullOrWhiteSpace(line.Text)).ToArray();
            var loud = recent.Where(line => line.Level is Warning or Error).ToArray();
            var shown = (loud.Length > 0 ? loud : recent).TakeLast(Shown).Select(line => line.Text.Trim().TrimEnd('.')).ToArray();
            return shown.Length == 0 ? "nothing" : string.Join("; ", shown);
        }
    }

    private void Add(int level, string text)
    {
        lock (_gate)
        {
            if (level == Continued && _lines.Count > 0)
            {
                _lines[^1] = _lines[^1] with { Text = _lines[^1].Text + text };
                return;
            }
            _lines.Add(new(++_count, level, text));
            if (_lines.Count > Kept)
                _lines.RemoveAt(0);
        }
    }

    [UnmanagedCallersOnly]
    private static void Write(int level, nint text, nint self)
    {
        if (GCHandle.FromIntPtr(self).Target is LlamaLog log)
            log.Add(level, Marshal.PtrToStringUTF8(text) ?? "");
    }

    private readonly record struct Line(long Number, int Level, string Text);
}
