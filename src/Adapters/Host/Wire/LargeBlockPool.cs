using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Adaptation.Adapters.Host;

/// <summary>Blocks of 256 KiB for the server's pipes, where the default of 4 KiB costs a third of the throughput of large tensors.</summary>
/// <remarks>A home-made pool, because the server takes any but brings only the small one; benchmarks/Wire measures it.</remarks>
internal sealed class LargeBlockPool : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 256 * 1024;

    /// <summary>More than so many idle blocks (32 MiB) are left to the garbage collector.</summary>
    private const int MaxIdle = 128;

    private readonly ConcurrentQueue<Block> _idle = new();

    public override int MaxBufferSize => BlockBytes;

    /// <summary>Every part of the server shares the one pool.</summary>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    /// <param name="minBufferSize">At most <see cref="MaxBufferSize"/>, or -1 for any.</param>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        return _idle.TryDequeue(out var block) ? block.Take() : new Block(this);
    }

    protected override void Dispose(bool disposing) => _idle.Clear();

    private sealed class Block(LargeBlockPool pool) : IMemoryOwner<byte>
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);
        private int _taken = 1;

        public Memory<byte> Memory => _bytes;

        public Block Take()
        {
            _taken = 1;
            return this;
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _taken, 0) == 1 && pool._idle.Count < MaxIdle)
                pool._idle.Enqueue(this);
        }
    }
}
