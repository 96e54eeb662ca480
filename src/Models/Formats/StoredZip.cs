using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Adaptation.Models;

/// <summary>A zip archive of files that are stored as they are, each content at a multiple of 64, without times.</summary>
/// <remarks>Source: PKWARE, APPNOTE 4.3. The padding lies in an extra field of the identifier that PyTorch pads with, <c>FB</c>.</remarks>
internal sealed class StoredZip
{
    private const int LocalHeader = 30, ExtraHeader = 4, Alignment = 64;
    private static readonly uint[] CrcTable = MakeCrcTable();

    private readonly ArrayBufferWriter<byte> _files = new(), _directory = new();
    private ushort _count;

    /// <param name="name">ASCII.</param>
    public void Add(string name, ReadOnlySpan<byte> content)
    {
        var at = _files.WrittenCount;
        var padding = (Alignment - ((at + LocalHeader + name.Length + ExtraHeader) % Alignment)) % Alignment;
        Span<byte> common = stackalloc byte[20];
        common.Clear(); // no flags, stored, no time
        BinaryPrimitives.WriteUInt32LittleEndian(common[8..], Crc(content));
        BinaryPrimitives.WriteInt32LittleEndian(common[12..], content.Length);
        BinaryPrimitives.WriteInt32LittleEndian(common[16..], content.Length);

        _files.Write("PK\u0003\u0004\u000A\0"u8);
        _files.Write(common);
        Half(_files, name.Length);
        Half(_files, ExtraHeader + padding);
        _files.Write(Encoding.ASCII.GetBytes(name));
        _files.Write("FB"u8);
        Half(_files, padding);
        _files.Write(new byte[padding]);
        _files.Write(content);

        _directory.Write("PK\u0001\u0002\u000A\0\u000A\0"u8);
        _directory.Write(common);
        Half(_directory, name.Length);
        _directory.Write(new byte[12]);
        Four(_directory, at);
        _directory.Write(Encoding.ASCII.GetBytes(name));
        _count++;
    }

    public byte[] ToArray()
    {
        var end = new ArrayBufferWriter<byte>();
        end.Write("PK\u0005\u0006\0\0\0\0"u8);
        Half(end, _count);
        Half(end, _count);
        Four(end, _directory.WrittenCount);
        Four(end, _files.WrittenCount);
        Half(end, 0);
        return [.. _files.WrittenSpan, .. _directory.WrittenSpan, .. end.WrittenSpan];
    }

    private static void Half(ArrayBufferWriter<byte> to, int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, checked((ushort)value));
        to.Write(bytes);
    }

    private static void Four(ArrayBufferWriter<byte> to, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        to.Write(bytes);
    }

    private static uint Crc(ReadOnlySpan<byte> content)
    {
        var crc = uint.MaxValue;
        foreach (var value in content)
            crc = CrcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] MakeCrcTable() => [.. Enumerable.Range(0, 256).Select(value =>
    {
        var crc = (uint)value;
        for (var bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) * 0xEDB88320);
        return crc;
    })];
}
