using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Adaptation.Benchmarks.Perplexity;

/// <summary>What llama-perplexity keeps of its base model: the text's tokens, and log probabilities rounded to 16 bits a position.</summary>
/// <remarks>
/// Layout, from tools/perplexity/perplexity.cpp of the build: "_logits_", context (u32), vocabulary (i32), chunks (i32), tokens (i32 each); then for
/// every chunk the positions of its second half but the last: scale (f32), least log probability (f32), one u16 a token, padded to an even number.
/// </remarks>
internal sealed class BaseLogits
{
    private const int HeaderBytes = 20, RowHeaderBytes = 8;

    private readonly byte[] _file;
    private readonly int _rows;

    /// <exception cref="InvalidDataException">It is no such file, or not a whole one.</exception>
    public BaseLogits(string path)
    {
        _file = File.ReadAllBytes(path);
        if (_file.Length < HeaderBytes || !_file.AsSpan(0, 8).SequenceEqual("_logits_"u8))
            throw new InvalidDataException($"{path} holds no logits of llama-perplexity");
        (Context, Vocabulary, Chunks) = (Int(8), Int(12), Int(16));
        _rows = HeaderBytes + (4 * Context * Chunks);
        var whole = _rows + ((long)Chunks * Scored * RowBytes);
        if (_file.Length != whole)
            throw new InvalidDataException($"{path} has {_file.Length} bytes; {whole} are expected");
    }

    public int Context { get; }

    public int Vocabulary { get; }

    public int Chunks { get; }

    /// <summary>The first position of a chunk whose prediction counts.</summary>
    public int First => Context / 2;

    /// <summary>Positions of a chunk that count: those of its second half, but the last, which nothing follows.</summary>
    public int Scored => Context - 1 - First;

    private int RowBytes => RowHeaderBytes + (2 * 2 * ((Vocabulary + 1) / 2));

    public ReadOnlySpan<int> Tokens(int chunk) => MemoryMarshal.Cast<byte, int>(_file.AsSpan(HeaderBytes + (4 * Context * chunk), 4 * Context));

    /// <returns>Log probabilities of the whole vocabulary, as they were stored.</returns>
    public float[] Stored(int chunk, int position)
    {
        var row = _file.AsSpan(_rows + (((chunk * Scored) + position) * RowBytes), RowBytes);
        var (scale, least) = (BinaryPrimitives.ReadSingleLittleEndian(row), BinaryPrimitives.ReadSingleLittleEndian(row[4..]));
        var values = MemoryMarshal.Cast<byte, ushort>(row[RowHeaderBytes..]);
        var logs = new float[Vocabulary];
        for (var id = 0; id < logs.Length; id++)
            logs[id] = (scale * values[id]) + least;
        return logs;
    }

    private int Int(int at) => BinaryPrimitives.ReadInt32LittleEndian(_file.AsSpan(at));
}
