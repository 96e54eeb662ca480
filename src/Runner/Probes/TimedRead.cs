using System.Collections.Concurrent;

namespace Adaptation.Runner;

/// <summary>Does what may hang in the kernel on a thread that can be left behind: a driver that is stuck holds a read of its file, and nothing ends such a read.</summary>
internal static class TimedRead
{
    private const int MostIdle = 8;

    private static readonly ConcurrentBag<Reader> Idle = [];

    /// <summary>What hung and is not over yet: it is not asked again, so that one file takes one thread.</summary>
    private static readonly ConcurrentDictionary<string, byte> Stuck = new(StringComparer.Ordinal);

    /// <param name="what">The same text for the same thing.</param>
    /// <param name="read">Never throws.</param>
    /// <returns>False where it was not over in time, or was not over from the time before.</returns>
    public static bool TryRun(string what, TimeSpan limit, Action read)
    {
        if (Stuck.ContainsKey(what))
            return false;
        var reader = Idle.TryTake(out var idle) ? idle : new Reader();
        if (!reader.Run(what, limit, read))
            return false;
        if (Idle.Count < MostIdle)
            Idle.Add(reader);
        else
            reader.End();
        return true;
    }

    /// <summary>A thread, which ends itself: what it waits on goes with it.</summary>
    private sealed class Reader : IDisposable
    {
        private readonly SemaphoreSlim _asked = new(0), _done = new(0);
        private readonly Lock _gate = new();
        private Action? _read;
        private string? _abandoned;

        public Reader() => new Thread(Work) { IsBackground = true, Name = "reads the machine" }.Start();

        public bool Run(string what, TimeSpan limit, Action read)
        {
            _read = read;
            _asked.Release();
            if (_done.Wait(limit, CancellationToken.None))
                return true;
            lock (_gate)
            {
                if (_done.Wait(0, CancellationToken.None)) // in the last moment
                    return true;
                Stuck[_abandoned = what] = 0;
                return false;
            }
        }

        public void Dispose()
        {
            _asked.Dispose();
            _done.Dispose();
        }

        public void End()
        {
            _read = null;
            _asked.Release();
        }

        private void Work()
        {
            using var self = this;
            while (true)
            {
                _asked.Wait(CancellationToken.None);
                if (_read is not { } read)
                    return;
                read();
                lock (_gate)
                {
                    if (_abandoned is { } late)
                    {
                        Stuck.TryRemove(late, out _);
                        return;
                    }

                    _done.Release();
                }
            }
        }
    }
}
