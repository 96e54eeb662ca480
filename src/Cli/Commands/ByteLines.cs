using System.Runtime.CompilerServices;

namespace Adaptation.Cli;

/// <summary>Lines as they came, byte for byte: what is not decoded is not mended either.</summary>
internal static class ByteLines
{
    private const int FirstBuffer = 64 * 1024;

    /// <param name="maxBytes">Of a longer line, this and one byte more is given, and nothing after it.</param>
    /// <returns>Each without its line feed, and valid until the next is asked for; the last may lack the line feed.</returns>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Stream input, int maxBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (buffer, start, seen, end) = (new byte[FirstBuffer], 0, 0, 0); // a line begins at start; no line feed before seen
        while (true)
        {
            while (Array.IndexOf(buffer, (byte)'\n', seen, end - seen) is >= 0 and var feed && feed - start <= maxBytes)
            {
                yield return buffer.AsMemory(start, feed - start);
                start = seen = feed + 1;
            }

            if (end - start > maxBytes)
            {
                yield return buffer.AsMemory(start, maxBytes + 1);
                yield break;
            }

            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, seen, end) = (0, end - start, end - start);
            if (end == buffer.Length)
                Array.Resize(ref buffer, 2 * buffer.Length);
            var count = await input.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (count == 0)
                break;
            end += count;
        }

        if (end > 0)
            yield return buffer.AsMemory(0, end);
    }
}
