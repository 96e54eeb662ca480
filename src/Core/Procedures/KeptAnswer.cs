using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Adaptation.Core;

/// <summary>One answer as it was kept: a row of tokens or a tensor. Two are the same if every byte of them is.</summary>
/// <param name="Form">Unit of the tokens (<c>id</c>, or <c>utf8</c> for the bytes of a text without ids), or data type and shape.</param>
/// <param name="Tokens">Empty for a tensor.</param>
/// <param name="Bytes">Empty for tokens.</param>
internal sealed record KeptAnswer(string Form, ImmutableArray<long> Tokens, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The answer of that name; null if the measurement or the evidence has none.</summary>
    public static KeptAnswer? TryRead(string name, Measurement m, IBlobs files) =>
        m.Series.FirstOrDefault(series => series.Name == name) is { } series ? new(series.Unit, series.Samples, default)
        : m.Tensors.FirstOrDefault(tensor => tensor.Name == name) is { } tensor && files.TryRead(tensor.Path) is { } bytes
            ? new($"{tensor.DataType} [{string.Join(',', tensor.Shape)}]", [], bytes)
        : null;

    public bool Same(KeptAnswer other) =>
        Form == other.Form && Tokens.AsSpan().SequenceEqual(other.Tokens.AsSpan()) && Bytes.Span.SequenceEqual(other.Bytes.Span);

    /// <summary>Tokens that both begin with.</summary>
    public int Common(KeptAnswer other) => Tokens.AsSpan().CommonPrefixLength(other.Tokens.AsSpan());

    /// <summary>The largest difference of two numbers at one place; null where there are none to compare (tokens, other types, other shapes).</summary>
    public double? LargestDifference(KeptAnswer other)
    {
        if (Form != other.Form || !Form.StartsWith("FP32 ", StringComparison.Ordinal) || Bytes.Length != other.Bytes.Length)
            return null;
        var largest = 0.0;
        for (var at = 0; at + sizeof(float) <= Bytes.Length; at += sizeof(float))
        {
            var (one, two) = (BinaryPrimitives.ReadSingleLittleEndian(Bytes.Span[at..]), BinaryPrimitives.ReadSingleLittleEndian(other.Bytes.Span[at..]));
            if (BitConverter.SingleToInt32Bits(one) == BitConverter.SingleToInt32Bits(two))
                continue;
            var gap = Math.Abs((double)one - two);
            largest = double.IsNaN(gap) ? double.PositiveInfinity : Math.Max(largest, gap);
        }

        return largest;
    }

    /// <summary>Where two answers part, in words.</summary>
    public string Parting(KeptAnswer other) =>
        Form != other.Form ? $"one is {Form}, the other {other.Form}"
        : Bytes.IsEmpty ? $"they part after {Common(other)} of {Math.Max(Tokens.Length, other.Tokens.Length)} tokens"
        : $"the largest difference is {LargestDifference(other) ?? double.PositiveInfinity:0.###e+0}";
}
