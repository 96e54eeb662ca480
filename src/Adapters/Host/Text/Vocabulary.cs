using System.Text;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>The bytes of every token, asked of the engine once. Immutable; safe for concurrent use.</summary>
internal sealed class Vocabulary
{
    private readonly byte[] _bytes;

    private readonly int[] _starts;

    /// <param name="model">Called for every id; nobody else calls it meanwhile.</param>
    public Vocabulary(ITokenModel model)
    {
        Facts = model.Vocabulary;
        _starts = new int[Facts.Size + 1];
        var bytes = new System.Buffers.ArrayBufferWriter<byte>(8 * Facts.Size);
        for (var id = 0; id < Facts.Size; id++)
        {
            System.Buffers.BuffersExtensions.Write(bytes, model.Bytes(id));
            _starts[id + 1] = bytes.WrittenCount;
            LongestBytes = Math.Max(LongestBytes, _starts[id + 1] - _starts[id]);
        }
        _bytes = bytes.WrittenSpan.ToArray();
        if (Facts.EndOfText.Count > 0)
            EndOfText = Encoding.UTF8.GetString(Bytes(Facts.EndOfText.Min()));
        if (Facts.BeginOfText is { } begin)
            BeginOfText = Encoding.UTF8.GetString(Bytes(begin));
    }

    public TokenModelFacts Facts { get; }

    /// <summary>Spelling for chat templates, or null.</summary>
    public string? BeginOfText { get; }

    /// <summary>Spelling for chat templates: of several ids, the lowest one's; or null.</summary>
    public string? EndOfText { get; }

    /// <summary>Bytes of the longest token.</summary>
    public int LongestBytes { get; }

    /// <summary>As the model's own files spell it, special tokens too.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_starts[id].._starts[id + 1]);

    /// <summary>What the token adds to an answer: nothing if it begins or ends texts.</summary>
    public ReadOnlySpan<byte> Content(int id) => id == Facts.BeginOfText || Facts.EndOfText.Contains(id) ? [] : Bytes(id);
}
