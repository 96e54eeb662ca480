namespace Adaptation.Runner;

/// <summary>Reads text/event-stream from bytes that are all there.</summary>
/// <remarks>Source: HTML Standard, section 9.2.6. Fields other than data are skipped: no server of this protocol gives them a meaning.</remarks>
internal ref struct EventStream
{
    private readonly ReadOnlySpan<byte> _body;
    private List<byte>? _joined;
    private int _at;

    public EventStream(ReadOnlySpan<byte> body)
    {
        _body = body;
        _at = body.StartsWith("\uFEFF"u8) ? 3 : 0;
    }

    /// <summary>Of the event that <see cref="Next"/> found: its data lines, joined by line feeds.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>Bytes of the body up to and with the empty line that ended the event.</summary>
    public readonly int End => _at;

    /// <summary>True if the body ended within an event or a line, which the standard drops.</summary>
    public bool IsCut { get; private set; }

    /// <returns>False at the end of the body.</returns>
    public bool Next()
    {
        var lines = 0;
        while (_at < _body.Length)
        {
            var rest = _body[_at..];
            var length = rest.IndexOfAny((byte)'\n', (byte)'\r');
            if (length < 0)
            {
                IsCut = true;
                _at = _body.Length;
                return false;
            }

            _at += length + 1;
            if (rest[length] == '\r' && _at < _body.Length && _body[_at] == '\n')
                _at++;
            if (length > 0)
                Field(rest[..length], ref lines);
            else if (lines > 0)
                return true;
        }

        IsCut |= lines > 0;
        return false;
    }

    private void Field(ReadOnlySpan<byte> line, ref int lines)
    {
        if (!line.StartsWith("data"u8) || (line.Length > 4 && line[4] != ':'))
            return;
        var value = line.Length > 5 ? line[5..] : default;
        if (!value.IsEmpty && value[0] == ' ')
            value = value[1..];
        if (++lines == 1)
        {
            Data = value;
            return;
        }

        _joined ??= [];
        if (lines == 2)
        {
            _joined.Clear();
            _joined.AddRange(Data);
        }

        _joined.Add((byte)'\n');
        _joined.AddRange(value);
        Data = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_joined);
    }
}
