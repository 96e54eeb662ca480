using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Adaptation.Core;

/// <summary>The classes of a text recogniser, in the order of its last dimension: blank, the characters of a file, one space.</summary>
/// <remarks>
/// Source: Graves et al., Connectionist Temporal Classification (2006), best-path decoding; PP-OCR for the order of the classes.
/// </remarks>
internal sealed class Charset
{
    private const int Blank = 0;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly ImmutableArray<string> _classes;

    private Charset(ImmutableArray<string> classes) => _classes = classes;

    /// <param name="path">UTF-8, one character a line, LF or CRLF; null for a model without text.</param>
    /// <param name="charset">Null for a model without text, or if there is a problem.</param>
    /// <returns>What is wrong with the file, or null.</returns>
    public static string? TryRead(string? path, IBlobs files, out Charset? charset)
    {
        charset = null;
        if (path is null)
            return null;
        if (files.TryRead(path) is not { } content)
            return $"the evidence lacks {path}, the character set";
        try
        {
            var lines = Strict.GetString(content.Span).TrimStart('\uFEFF').Split('\n');
            var characters = lines is [.., ""] ? lines[..^1] : lines;
            charset = new(["", .. characters.Select(line => line.TrimEnd('\r')), " "]);
            return null;
        }
        catch (DecoderFallbackException)
        {
            return $"{path}, the character set, is not UTF-8";
        }
    }

    /// <summary>Says why a golden line cannot be read with these classes; null if it can: [T, classes] or [1, T, classes].</summary>
    public string? Unfit(GoldenLine line) =>
        line.Shape is [_, var two] && two == _classes.Length || line.Shape is [1, _, var three] && three == _classes.Length ? null
        : $"the golden line {line.Id} has the shape [{string.Join(',', line.Shape)}]; "
            + $"the character set asks for [1,steps,{_classes.Length}]";

    /// <summary>Takes the likeliest class of each step, drops repeats, then blanks.</summary>
    /// <param name="scores">Little-endian float32, [steps, classes].</param>
    public string Decode(ReadOnlySpan<byte> scores)
    {
        var text = new StringBuilder();
        var (row, previous) = (_classes.Length * sizeof(float), Blank);
        for (; !scores.IsEmpty; scores = scores[row..])
        {
            var best = Likeliest(scores[..row]);
            if (best != previous && best != Blank)
                text.Append(_classes[best]);
            previous = best;
        }

        return text.ToString();
    }

    private static int Likeliest(ReadOnlySpan<byte> step)
    {
        var (best, highest) = (0, float.NegativeInfinity);
        for (var at = 0; at < step.Length; at += sizeof(float))
        {
            if (BinaryPrimitives.ReadSingleLittleEndian(step[at..]) is var score && score > highest)
                (best, highest) = (at / sizeof(float), score);
        }

        return best;
    }
}
