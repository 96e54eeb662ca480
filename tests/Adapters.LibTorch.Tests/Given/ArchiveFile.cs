using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Adaptation.Adapters.LibTorch.Tests;

/// <summary>Writes TorchScript archives byte by byte, good ones and attacks.</summary>
internal sealed class ArchiveFile
{
    private readonly List<(string Name, byte[] Content, bool Deflate)> _files = [];

    /// <summary>What lies before the first file.</summary>
    public byte[] Before { get; init; } = [];

    /// <summary>What lies between the last file and the directory.</summary>
    public byte[] Between { get; init; } = [];

    public byte[] Comment { get; init; } = [];

    /// <summary>The directory states sizes and places in zip64 fields, as it does beyond 4 GiB; so many bytes of them.</summary>
    public int Wide { get; init; }

    /// <summary>Changes a file's own header, which starts at the given offset.</summary>
    public Action<byte[], string>? Local { get; init; }

    /// <summary>Changes a file's entry of the directory.</summary>
    public Action<byte[], string>? Central { get; init; }

    /// <summary>A module with the weight [1, 2, 3], added to x.</summary>
    public static ArchiveFile Good() => new ArchiveFile().With(
        ("data.pkl", Module("Q")), ("code/__torch__.py", Code), ("constants.pkl", Pickle([')'])), ("data/0", Floats(1, 2, 3)), ("version", "3\n"u8.ToArray()));

    public static byte[] Code => """
        class Net(Module):
          __parameters__ = []
          __buffers__ = ["w", ]
          w : Tensor
          def forward(self: __torch__.Net, x: Tensor) -> Tensor:
            return torch.add(x, self.w)

        """u8.ToArray();

    /// <summary>data.pkl of <see cref="Good"/>, with something put where the storage is taken (<c>Q</c>).</summary>
    public static byte[] Module(string take, long elements = 3, string key = "0", string storage = "FloatStorage") => Pickle(
    [
        "c__torch__\nNet\n", ")", '\x81', "}(", Text("w"), "ctorch._utils\n_rebuild_tensor_v2\n", "((", Text("storage"), $"ctorch\n{storage}\n", Text(key), Text("cpu"), Int(elements), "t", take,
        "K\0", "(K\u0003t", "(K\u0001t", '\x89', "ccollections\nOrderedDict\n", ")Rt", "R", "ub",
    ]);

    /// <summary>A pickle of the given opcodes, with its start and its end.</summary>
    public static byte[] Pickle(object[] parts) => [0x80, 2, .. parts.SelectMany(Bytes), (byte)'.'];

    public static byte[] Text(string text) => [(byte)'X', .. Number(Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    public static byte[] Int(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return [0x8a, 8, .. bytes];
    }

    public static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    public ArchiveFile With(params (string Name, byte[] Content)[] files)
    {
        foreach (var (name, content) in files)
            Add("net/" + name, content, deflate: false);
        return this;
    }

    public ArchiveFile Add(string name, byte[] content, bool deflate)
    {
        _files.Add((name, content, deflate));
        return this;
    }

    public ArchiveFile Without(string name)
    {
        _files.RemoveAll(file => file.Name == "net/" + name);
        return this;
    }

    public ArchiveFile Replace(string name, byte[] content) => Without(name).With((name, content));

    public byte[] ToBytes()
    {
        var (archive, directory) = (new List<byte>(Before), new List<byte>());
        foreach (var (name, content, deflate) in _files)
        {
            var (packed, nameBytes) = (deflate ? Deflate(content) : content, Encoding.UTF8.GetBytes(name));
            byte[] common =
            [
                .. Half(0x0808), .. Half(deflate ? 8 : 0), 0, 0, 0, 0, .. Number((int)Crc(content)), .. Number(packed.Length), .. Number(content.Length), .. Half(nameBytes.Length),
            ];
            byte[] central = [.. "PK\u0001\u0002"u8, 0, 0, 0, 0, .. common, .. new byte[12], .. Number(archive.Count), .. nameBytes];
            if (Wide > 0)
                central = Widened(central, Wide);
            byte[] local = [.. "PK\u0003\u0004"u8, 0, 0, .. common, 0, 0, .. nameBytes];
            Local?.Invoke(local, name);
            Central?.Invoke(central, name);
            archive.AddRange([.. local, .. packed]);
            directory.AddRange(central);
        }
        archive.AddRange(Between);
        return
        [
            .. archive, .. directory, .. "PK\u0005\u0006"u8, 0, 0, 0, 0, .. Half(_files.Count), .. Half(_files.Count), .. Number(directory.Count), .. Number(archive.Count),
            .. Half(Comment.Length), .. Comment,
        ];
    }

    public static byte[] Number(int value) => BitConverter.GetBytes(value);

    private static byte[] Widened(byte[] central, int length)
    {
        byte[] numbers = [.. central[24..28], 0, 0, 0, 0, .. central[20..24], 0, 0, 0, 0, .. central[42..46], 0, 0, 0, 0];
        central.AsSpan(20, 8).Fill(0xff);
        central.AsSpan(42, 4).Fill(0xff);
        central[30] = (byte)(4 + length);
        return [.. central, 1, 0, (byte)length, 0, .. numbers[..length]];
    }

    private static byte[] Half(int value) => BitConverter.GetBytes((ushort)value);

    private static IEnumerable<byte> Bytes(object part) => part switch
    {
        byte[] bytes => bytes,
        char code => [(byte)code],
        string text => Encoding.Latin1.GetBytes(text),
        _ => throw new ArgumentException($"{part} is no part of a pickle", nameof(part)),
    };

    private static byte[] Deflate(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var stream = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            stream.Write(content);
        return packed.ToArray();
    }

    private static uint Crc(byte[] content)
    {
        if (content.Length > 1 << 20)
            return 0; // a bomb is refused before its checksum matters
        var crc = uint.MaxValue;
        foreach (var value in content)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
        }
        return ~crc;
    }
}
