namespace Adaptation.Runner;

/// <summary>The memory that answers are received into, reused from call to call. Not safe for concurrent use.</summary>
/// <remarks>It grows with what has arrived, never with what a header announces, and does not shrink.</remarks>
public sealed class AnswerBuffer
{
    private const int Smallest = 128 << 10;

    internal byte[] Bytes { get; private set; } = GC.AllocateUninitializedArray<byte>(Smallest);

    /// <summary>Makes room for at least one more byte after the first <paramref name="filled"/>, which it keeps.</summary>
    internal void Grow(int filled)
    {
        if (filled < Bytes.Length)
            return;
        var larger = GC.AllocateUninitializedArray<byte>((int)Math.Min((long)Bytes.Length * 2, Array.MaxLength));
        Bytes.AsSpan(0, filled).CopyTo(larger);
        Bytes = larger;
    }
}
