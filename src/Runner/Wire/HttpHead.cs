using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Adaptation.Runner;

/// <summary>What the head of an answer says that we act on. Anything that could be read in two ways is refused.</summary>
/// <remarks>Source: RFC 9112, sections 4 to 6 and 9.3.</remarks>
/// <param name="ContentLength">Bytes, or null where the head states none.</param>
/// <param name="InferenceHeaderLength">Bytes of JSON before binary tensors, or null: the binary tensor extension is not used.</param>
internal readonly record struct HttpHead(int Status, long? ContentLength, bool IsChunked, bool KeepsAlive, long? InferenceHeaderLength)
{
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    public bool IsInterim => Status is >= 100 and < 200;

    public bool HasNoBody => Status is 204 or 304;

    /// <param name="head">Status line and fields, each ended by CRLF, without the empty line.</param>
    /// <exception cref="WireException">It is not HTTP/1, or its framing is ambiguous.</exception>
    public static HttpHead Parse(ReadOnlySpan<byte> head)
    {
        var end = head.IndexOf("\r\n"u8);
        var result = StatusLine(head[..end]);
        for (var rest = head[(end + 2)..]; !rest.IsEmpty; rest = rest[(end + 2)..])
        {
            end = rest.IndexOf("\r\n"u8);
            result = result.With(rest[..end]);
        }

        if (result is { ContentLength: not null, IsChunked: true })
            throw WireException.Protocol("The answer has both Content-Length and Transfer-Encoding; it may have one.");
        return result;
    }

    private static HttpHead StatusLine(ReadOnlySpan<byte> line)
    {
        var isFirstVersion = line.StartsWith("HTTP/1.0 "u8);
        if ((!isFirstVersion && !line.StartsWith("HTTP/1.1 "u8))
            || line.Length < 12 || (line.Length > 12 && line[12] != ' ')
            || !Utf8Parser.TryParse(line[9..12], out int status, out var digits) || digits != 3 || status is < 100 or > 599)
        {
            throw WireException.Protocol($"The answer begins with '{Clip.Text(line)}'; expected a status line such as 'HTTP/1.1 200 OK'.");
        }

        return new(status, null, IsChunked: false, KeepsAlive: !isFirstVersion, null);
    }

    private HttpHead With(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(NameBytes) || line.IndexOfAny((byte)'\r', (byte)'\n', (byte)0) >= 0)
            throw WireException.Protocol($"The answer has the header line '{Clip.Text(line)}'; expected 'Name: value'.");
        var name = line[..colon];
        var value = line[(colon + 1)..].Trim(" \t"u8);
        if (Is(name, "content-length"u8))
            return this with { ContentLength = Length(name, value, ContentLength) };
        if (Is(name, "inference-header-content-length"u8))
            return this with { InferenceHeaderLength = Length(name, value, InferenceHeaderLength) };
        if (Is(name, "connection"u8))
            return this with { KeepsAlive = Connection(value) };
        if (Is(name, "transfer-encoding"u8))
        {
            return !IsChunked && Is(value, "chunked"u8)
                ? this with { IsChunked = true }
                : throw WireException.Protocol($"The answer has the transfer encoding '{Clip.Text(value)}'; expected chunked, once, or none.");
        }

        if (Is(name, "content-encoding"u8) && !Is(value, "identity"u8))
            throw WireException.Protocol($"The answer has the content encoding '{Clip.Text(value)}', which was not asked for.");
        return this;
    }

    private bool Connection(ReadOnlySpan<byte> value)
    {
        var keeps = KeepsAlive;
        foreach (var option in value.Split((byte)','))
        {
            var word = value[option].Trim(" \t"u8);
            if (Is(word, "close"u8))
                return false;
            keeps |= Is(word, "keep-alive"u8);
        }

        return keeps;
    }

    private static long Length(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, long? before)
    {
        if (before is not null)
            throw WireException.Protocol($"The answer states {Clip.Text(name)} twice.");
        return !value.ContainsAnyExceptInRange((byte)'0', (byte)'9') && Utf8Parser.TryParse(value, out long length, out var used) && used == value.Length
            ? length
            : throw WireException.Protocol($"The answer states {Clip.Text(name)} '{Clip.Text(value)}'; expected a number of bytes.");
    }

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lower) => Ascii.EqualsIgnoreCase(text, lower);
}
