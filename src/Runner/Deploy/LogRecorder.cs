using System.Text;

namespace Adaptation.Runner;

/// <summary>Follows what a container writes: keeps the beginning and the end, counts all of it, and says when it is too much.</summary>
internal sealed class LogRecorder : IAsyncDisposable
{
    private const int HeadBytes = 64 << 10;
    private const int TailBytes = 64 << 10;

    private readonly long _limit;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _flooded = new();
    private readonly Lock _gate = new();
    private readonly MemoryStream _head = new();
    private readonly byte[] _tail = new byte[TailBytes];
    private readonly Task _following;
    private long _total;

    public LogRecorder(IContainer container, long limit)
    {
        _limit = limit;
        _following = FollowAsync(container);
    }

    /// <summary>Cancelled once the container wrote more than its limit.</summary>
    public CancellationToken Flooded => _flooded.Token;

    public long Total
    {
        get
        {
            lock (_gate)
                return _total;
        }
    }

    /// <summary>The last lines, cleaned of control characters, for a message.</summary>
    public string Tail(int lines)
    {
        var text = Encoding.UTF8.GetString(Snapshot());
        var clean = new string([.. text.Select(c => c == '\n' || !char.IsControl(c) ? c : ' ')]);
        return string.Join('\n', clean.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines).Select(line => Clip.Beginning(line, 400)));
    }

    /// <summary>Everything that was kept: the first and the last 64 KiB, with a line between them that says what was left out.</summary>
    public byte[] Snapshot()
    {
        lock (_gate)
        {
            var head = _head.ToArray();
            var behind = _total - head.Length;
            if (behind <= 0)
                return head;
            var kept = (int)Math.Min(behind, TailBytes);
            var end = (int)((_total - head.Length) % TailBytes);
            var tail = behind <= TailBytes ? _tail[..kept] : [.. _tail[end..], .. _tail[..end]];
            var left = behind - kept;
            return left == 0 ? [.. head, .. tail] : [.. head, .. Encoding.UTF8.GetBytes($"\n[{left} bytes left out here by the runner]\n"), .. tail];
        }
    }

    /// <summary>Waits for the end of what the container writes.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _following.WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _stop.Dispose();
        _flooded.Dispose();
        await _head.DisposeAsync();
    }

    private async Task FollowAsync(IContainer container)
    {
        try
        {
            await foreach (var chunk in container.LogAsync(_stop.Token))
            {
                if (Keep(chunk.Span) > _limit)
                    await _flooded.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // the deployment is over, and with it the interest in its log
        }
        catch (Exception gone) when (gone is IOException or HttpRequestException or InvalidDataException or ObjectDisposedException or Core.AdaptationException)
        {
            Keep(Encoding.UTF8.GetBytes($"\n[the log could not be followed to its end: {gone.Message}]\n"));
        }
    }

    private long Keep(ReadOnlySpan<byte> chunk)
    {
        lock (_gate)
        {
            var toHead = Math.Clamp(HeadBytes - (int)_head.Length, 0, chunk.Length);
            _head.Write(chunk[..toHead]);
            var at = (int)((_total + toHead - HeadBytes) % TailBytes);
            _total += chunk.Length;
            var rest = chunk[toHead..];
            if (rest.Length > TailBytes)
            {
                at = (int)((at + rest.Length - TailBytes) % TailBytes);
                rest = rest[^TailBytes..];
            }

            for (var done = 0; done < rest.Length;)
            {
                var piece = Math.Min(rest.Length - done, TailBytes - at);
                rest.Slice(done, piece).CopyTo(_tail.AsSpan(at));
                done += piece;
                at = (at + piece) % TailBytes;
            }

            return _total;
        }
    }
}
