using System.Buffers;
using System.Globalization;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Writes the head of a request.</summary>
internal static class TextRequestHead
{
    private static readonly SearchValues<char> Name = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly string[] Ours = ["host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding"];

    /// <exception cref="ArgumentException">A path or header that would not stay one line.</exception>
    public static byte[] Write(TextLoadSpec spec, TextRequest request)
    {
        if (!request.Path.StartsWith('/') || request.Path.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ArgumentException(
                $"The path of a request is '{Clip.Text(request.Path)}'; it begins with / and is printable ASCII without blanks.", nameof(request));
        }
        var head = new StringBuilder(256);
        head.Append(CultureInfo.InvariantCulture, $"POST {request.Path} HTTP/1.1\r\nHost: {spec.Transport.Authority}\r\n");
        head.Append("Content-Type: application/json\r\nAccept: text/event-stream, application/json\r\n");
        foreach (var (name, value) in spec.Headers)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(Name) || Ours.Contains(name, StringComparer.OrdinalIgnoreCase))
                throw new ArgumentException($"The header '{Clip.Text(name)}' cannot be sent: it is no header name, or the client sets it itself.", nameof(spec));
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
                throw new ArgumentException($"The value of header {name} is not printable ASCII.", nameof(spec));
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        head.Append(CultureInfo.InvariantCulture, $"Content-Length: {request.Body.Length}\r\n\r\n");
        return Encoding.ASCII.GetBytes(head.ToString());
    }
}
