using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LlamaCpp;

/// <summary>The arrays of a <c>llama_batch</c>, reserved once for the life of a context.</summary>
internal sealed unsafe class NativeBatch : IDisposable
{
    private const int Each = sizeof(int) * 4 + sizeof(long) + sizeof(byte);

    private byte* _memory;
    private Layout _layout;

    /// <param name="capacity">Most positions.</param>
    public NativeBatch(int capacity)
    {
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)capacity, Each);
        var pointers = (int**)_memory;
        var numbers = (int*)(pointers + capacity);
        _layout = new()
        {
            SequenceLists = pointers,
            Tokens = numbers,
            Positions = numbers + capacity,
            SequenceCounts = numbers + 2 * capacity,
            Outputs = (sbyte*)(numbers + 4 * capacity),
        };
        for (var index = 0; index < capacity; index++)
        {
            _layout.SequenceCounts[index] = 1;
            pointers[index] = numbers + 3 * capacity + index;
        }
    }

    /// <summary>For one call; the engine reads the arrays and keeps none.</summary>
    public Layout Native => _layout;

    public void Fill(ReadOnlySpan<TokenBatch.Position> positions)
    {
        _layout.Count = positions.Length;
        for (var index = 0; index < positions.Length; index++)
        {
            _layout.Tokens[index] = positions[index].Token;
            _layout.Positions[index] = positions[index].At;
            *_layout.SequenceLists[index] = positions[index].Sequence;
            _layout.Outputs[index] = positions[index].WantsLogits ? (sbyte)1 : (sbyte)0;
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
        _layout = default;
    }

    /// <summary><c>llama_batch</c> of llama.h, which has kept this layout since sequences came.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Layout
    {
        public int Count;
        public int* Tokens;
        public float* Embeddings;
        public int* Positions;
        public int* SequenceCounts;
        public int** SequenceLists;
        public sbyte* Outputs;
    }
}
