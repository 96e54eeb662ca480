using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Adaptation.Models;

/// <summary>An attribute of a TorchScript module.</summary>
/// <param name="Storage">As torch calls a storage of its type: <c>FloatStorage</c>.</param>
/// <param name="Data">Little-endian, row-major.</param>
internal sealed record TorchTensor(string Name, long[] Shape, string Storage, byte[] Data)
{
    public static TorchTensor Of(string name, long[] shape, float[] values) => new(name, shape, "FloatStorage", MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public static TorchTensor Of(string name, long[] shape, long[] values) => new(name, shape, "LongStorage", MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public long Elements => Shape.Aggregate(1L, (product, length) => product * length);
}

/// <summary>Writes a TorchScript archive of one module: its code, and tensors as its attributes.</summary>
/// <remarks>
/// A zip of stored files, whose contents begin at multiples of 64: <c>data.pkl</c> (the module, protocol 2, tensors by the number of their storage),
/// <c>data/N</c>, <c>code/__torch__.py</c>, <c>constants.pkl</c> (none), <c>version</c>. Source: torch/csrc/jit/docs/serialization.md and
/// pickler.cpp of PyTorch; PKWARE's APPNOTE 4.3. The bytes follow from the arguments alone.
/// </remarks>
internal static class TorchArchive
{
    private const string Version = "3\n"; // the first with this layout: every torch from 1.5 on reads it

    /// <param name="root">The folder in the archive.</param>
    public static byte[] Write(string root, string module, string code, IReadOnlyList<TorchTensor> tensors)
    {
        var zip = new StoredZip();
        zip.Add($"{root}/data.pkl", Module(module, tensors));
        foreach (var (at, tensor) in tensors.Index())
            zip.Add($"{root}/data/{DecoderGraph.Text(at)}", tensor.Data);
        zip.Add($"{root}/code/__torch__.py", Encoding.UTF8.GetBytes(code));
        zip.Add($"{root}/constants.pkl", [0x80, 2, (byte)')', (byte)'.']);
        zip.Add($"{root}/version", Encoding.ASCII.GetBytes(Version));
        return zip.ToArray();
    }

    private static byte[] Module(string module, IReadOnlyList<TorchTensor> tensors)
    {
        var pickle = new PickleWriter();
        pickle.Say($"c__torch__\n{module}\n)\u0081}}("); // an instance, and what it is filled with
        foreach (var (at, tensor) in tensors.Index())
        {
            pickle.Text(tensor.Name);
            pickle.Say("ctorch._utils\n_rebuild_tensor_v2\n((");
            pickle.Text("storage");
            pickle.Say($"ctorch\n{tensor.Storage}\n");
            pickle.Text(DecoderGraph.Text(at));
            pickle.Text("cpu");
            pickle.Long(tensor.Elements);
            pickle.Say("tQK\0"); // the storage, from its first element on
            pickle.Tuple(tensor.Shape);
            pickle.Tuple(tensor.Shape.Select((_, axis) => tensor.Shape[(axis + 1)..].Aggregate(1L, (product, length) => product * length)));
            pickle.Say("\u0089ccollections\nOrderedDict\n)RtR");
        }

        pickle.Say("ub.");
        return pickle.ToArray();
    }

    /// <summary>Opcodes of protocol 2, by their characters.</summary>
    /// <remarks>Source: Python's pickletools.</remarks>
    private sealed class PickleWriter
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public PickleWriter() => Say("\u0080\u0002");

        public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

        public void Say(string opcodes) => _bytes.Write(Encoding.Latin1.GetBytes(opcodes));

        /// <param name="text">ASCII.</param>
        public void Text(string text)
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
            Say("X");
            _bytes.Write(length);
            Say(text);
        }

        public void Long(long number)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
            Say("\u008A\u0008"); // eight bytes: the only length that torch reads
            _bytes.Write(bytes);
        }

        public void Tuple(IEnumerable<long> numbers)
        {
            Say("(");
            foreach (var number in numbers)
                Long(number);
            Say("t");
        }
    }
}
