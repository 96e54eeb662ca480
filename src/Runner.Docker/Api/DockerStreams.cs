using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner.Docker;

/// <summary>The three shapes in which the daemon answers: a bounded body, a log in frames, and a series of JSON objects.</summary>
internal static class DockerStreams
{
    /// <summary>No answer that is read in one piece is larger: an inspection is some 10 KiB.</summary>
    public const int BodyLimit = 16 * 1024 * 1024;

    private const int ChunkSize = 64 * 1024;

    /// <exception cref="IOException">The body is above the limit, or broke off.</exception>
    public static async Task<byte[]> ReadToEndAsync(Stream stream, CancellationToken cancellationToken)
    {
        var all = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            if (all.Length + read > BodyLimit)
                throw new IOException($"the answer is longer than {BodyLimit} bytes");
            all.Write(buffer, 0, read);
        }

        return all.ToArray();
    }

    /// <summary>Takes the daemon's words out of <c>{"message": ...}</c>, or the first 300 characters of whatever else came.</summary>
    public static string MessageOf(ReadOnlySpan<byte> body)
    {
        var text = Encoding.UTF8.GetString(body).Trim();
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.Text("message") is { Length: > 0 } message)
                return message.Trim();
        }
        catch (JsonException)
        {
            // a proxy in between answers in HTML: its text is what there is
        }

        return text.Length == 0 ? "no reason given" : text[..Math.Min(text.Length, 300)];
    }

    /// <summary>Takes the payload out of a multiplexed log: frames of 1 byte stream, 3 bytes zero, 4 bytes length (big-endian), payload.</summary>
    /// <remarks>Source: Docker Engine API, "Attach to a container", stream format. Standard output and error come merged, in the daemon's order.</remarks>
    /// <exception cref="IOException">The stream is not in this format, broke off inside a frame, or carries the daemon's own error (stream 3).</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> PayloadsAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var header = new byte[8];
        while (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) is var got and > 0)
        {
            if (got < header.Length)
                throw new IOException($"the log ended {got} bytes into a frame header of 8");
            if (header[0] > 3 || header[1] != 0 || header[2] != 0 || header[3] != 0)
                throw new IOException($"the log is not in frames: a header is {Convert.ToHexStringLower(header)}");
            for (var left = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)); left > 0;)
            {
                var chunk = new byte[Math.Min(left, ChunkSize)];
                var read = await stream.ReadAsync(chunk, cancellationToken);
                if (read == 0)
                    throw new IOException($"the log ended with {left} bytes of a frame missing");
                if (header[0] == 3)
                    throw new IOException($"the daemon could not read the log: {Encoding.UTF8.GetString(chunk, 0, read).Trim()}");
                yield return chunk.AsMemory(0, read);
                left -= (uint)read;
            }
        }
    }

    /// <summary>Reads the objects of a build, a pull or a load, to the end, and throws at the first that reports an error.</summary>
    /// <remarks>These calls answer 200 before they begin: failure comes as an object <c>{"error": ...}</c> inside the stream.</remarks>
    /// <exception cref="BrokenEnvironmentException">An object reports an error; the message is the daemon's.</exception>
    /// <exception cref="IOException">The stream broke off.</exception>
    /// <exception cref="JsonException">What came is no JSON.</exception>
    public static async IAsyncEnumerable<JsonElement> ObjectsAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in JsonSerializer.DeserializeAsyncEnumerable(
            stream, DockerJson.Default.JsonElement, topLevelValues: true, cancellationToken))
        {
            if (item.Text("error") is { } error)
                throw new BrokenEnvironmentException(error.Trim());
            yield return item;
        }
    }
}
