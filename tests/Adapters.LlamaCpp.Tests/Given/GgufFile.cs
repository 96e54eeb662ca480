using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Adaptation.Adapters.LlamaCpp.Tests;

/// <summary>Writes small GGUF files, so that a test shows its whole model and can break any part of it.</summary>
/// <remarks>Source: ggml/include/gguf.h of llama.cpp v0.5.0, version 3.</remarks>
internal sealed record GgufFile
{
    private const int Alignment = 32;

    /// <summary>In the order of the file. A string, bool, uint, int, float, ulong, or an array of string, float or int.</summary>
    public IReadOnlyList<KeyValuePair<string, object>> Keys { get; init; } = [];

    public IReadOnlyList<Weight> Weights { get; init; } = [];

    /// <param name="Type">Number of the ggml_type: 0 is F32, 8 is Q8_0.</param>
    /// <param name="Dimensions">The fastest first.</param>
    internal sealed record Weight(string Name, int Type, long[] Dimensions, byte[] Data);

    public static Weight Floats(string name, long[] dimensions, float[] values) => new(name, 0, dimensions, MemoryMarshal.AsBytes<float>(values).ToArray());

    /// <summary>Q8_0: for each 32 values one scale in half precision and 32 signed bytes.</summary>
    public static Weight Quantised(string name, long[] dimensions, float[] values)
    {
        var data = new List<byte>();
        foreach (var block in values.Chunk(32))
        {
            var scale = block.Max(Math.Abs) / 127;
            data.AddRange(BitConverter.GetBytes((Half)scale));
            data.AddRange(block.Select(value => (byte)(sbyte)(scale == 0 ? 0 : MathF.Round(value / scale))));
        }
        return new(name, 8, dimensions, [.. data]);
    }

    public GgufFile With(string key, object value) =>
        this with { Keys = [.. Keys.Select(pair => pair.Key == key ? new(key, value) : pair), .. Keys.Any(pair => pair.Key == key) ? [] : new[] { KeyValuePair.Create(key, value) }] };

    public GgufFile Without(string key) => this with { Keys = [.. Keys.Where(pair => pair.Key != key)] };

    public GgufFile Map(string name, Func<Weight, Weight> change) =>
        this with { Weights = [.. Weights.Select(weight => weight.Name == name ? change(weight) : weight)] };

    public GgufFile Drop(string name) => this with { Weights = [.. Weights.Where(weight => weight.Name != name)] };

    public byte[] Write()
    {
        var head = new List<byte>([.. "GGUF"u8, .. Number(3u), .. Number((ulong)Weights.Count), .. Number((ulong)Keys.Count)]);
        foreach (var (key, value) in Keys)
            head.AddRange([.. Text(key), .. Value(value)]);
        var offset = 0L;
        foreach (var weight in Weights)
        {
            head.AddRange([.. Text(weight.Name), .. Number((uint)weight.Dimensions.Length)]);
            foreach (var dimension in weight.Dimensions)
                head.AddRange(Number((ulong)dimension));
            head.AddRange([.. Number((uint)weight.Type), .. Number((ulong)offset)]);
            offset += Padded(weight.Data.Length);
        }
        var file = new byte[Padded(head.Count) + offset];
        head.CopyTo(file);
        var at = Padded(head.Count);
        foreach (var weight in Weights)
        {
            weight.Data.CopyTo(file, at);
            at += Padded(weight.Data.Length);
        }
        return file;
    }

    private static long Padded(long length) => (length + Alignment - 1) / Alignment * Alignment;

    private static byte[] Value(object value) => value switch
    {
        uint number => [.. Number(4u), .. Number(number)],
        int number => [.. Number(5u), .. Number((uint)number)],
        float number => [.. Number(6u), .. BitConverter.GetBytes(number)],
        bool truth => [.. Number(7u), truth ? (byte)1 : (byte)0],
        string text => [.. Number(8u), .. Text(text)],
        ulong number => [.. Number(10u), .. Number(number)],
        string[] texts => [.. Number(9u), .. Number(8u), .. Number((ulong)texts.Length), .. texts.SelectMany(Text)],
        float[] numbers => [.. Number(9u), .. Number(6u), .. Number((ulong)numbers.Length), .. MemoryMarshal.AsBytes(numbers.AsSpan())],
        int[] numbers => [.. Number(9u), .. Number(5u), .. Number((ulong)numbers.Length), .. MemoryMarshal.AsBytes(numbers.AsSpan())],
        _ => throw new ArgumentException($"{value.GetType()} has no GGUF type", nameof(value)),
    };

    private static byte[] Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return [.. Number((ulong)bytes.Length), .. bytes];
    }

    private static byte[] Number(uint number)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return bytes;
    }

    private static byte[] Number(ulong number)
    {
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        return bytes;
    }
}
