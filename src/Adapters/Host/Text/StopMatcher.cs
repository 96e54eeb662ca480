using System.Text;

namespace Adaptation.Adapters.Host;

/// <summary>Finds the first end of a stop string in bytes that arrive piece by piece. One per choice and side.</summary>
/// <remarks>On bytes, so that a match may cross tokens and begin or end within one.</remarks>
internal sealed class StopMatcher
{
    private readonly byte[][] _stops;

    private readonly byte[] _tail;

    private int _tailLength;

    /// <param name="stops">Each one character at least.</param>
    public StopMatcher(IEnumerable<string> stops)
    {
        _stops = [.. stops.Select(Encoding.UTF8.GetBytes)];
        _tail = new byte[_stops.Max(stop => stop.Length)];
    }

    /// <summary>Takes the next byte.</summary>
    /// <returns>Length of the longest stop string that ends with it; 0 if none does.</returns>
    public int Add(byte next)
    {
        if (_tailLength == _tail.Length)
        {
            _tail.AsSpan(1).CopyTo(_tail);
            _tailLength--;
        }
        _tail[_tailLength++] = next;
        var longest = 0;
        foreach (var stop in _stops)
        {
            if (stop.Length > longest && _tail.AsSpan(0, _tailLength).EndsWith(stop))
                longest = stop.Length;
        }
        return longest;
    }

    /// <summary>How many of the last bytes may be the beginning of a stop string.</summary>
    public int Held()
    {
        var tail = _tail.AsSpan(0, _tailLength);
        for (var length = Math.Min(_tailLength, _tail.Length - 1); length > 0; length--)
        {
            var end = tail[^length..];
            foreach (var stop in _stops)
            {
                if (stop.Length > length && stop.AsSpan().StartsWith(end))
                    return length;
            }
        }
        return 0;
    }
}
