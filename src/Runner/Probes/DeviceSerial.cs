using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Runner;

/// <summary>What tells one device from another of the same kind.</summary>
/// <param name="Source">Where it was read, in words.</param>
internal sealed record DeviceSerial(string Source, string Value)
{
    /// <summary>So that the same number hashed elsewhere, for something else, is another digest.</summary>
    private const string Domain = "adaptation.device-serial/v1\n";

    private const int ConfigSpace = 4096, Extended = 256;
    private const ushort SerialNumber = 3; // PCI Express Base Specification, extended capability 0003h: Device Serial Number

    /// <summary>SHA-256, 64 lowercase hex digits, of the domain, where it was read, and the serial.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Domain}{Source}\n{Value}")));

    /// <summary>What a driver shows in the device's folder, else the serial number of its PCI Express configuration space, which root alone may read.</summary>
    /// <param name="folder">Of the device below /sys.</param>
    public static DeviceSerial? TryRead(HostMachine machine, string folder)
    {
        foreach (var file in (ReadOnlySpan<string>)["serial_number", "unique_id"])
        {
            if (Of($"sysfs {file}", machine.TryRead($"{folder}/{file}")) is { } shown)
                return shown;
        }

        return OfConfig(machine.ReadBytes($"{folder}/config", ConfigSpace, out _));
    }

    /// <returns>Null for what is no serial: nothing, words that say so, one digit over and over, or too long.</returns>
    public static DeviceSerial? Of(string source, string? text) =>
        text?.Trim() is { Length: > 0 and <= 200 } serial && StackProbe.IsPlain(serial) && serial is not ("N/A" or "NA" or "unknown" or "Unknown" or "None" or "none")
        && serial.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant).Skip(serial.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? 2 : 0).Distinct().Count() > 1 ? new(source, serial) : null;

    /// <summary>Walks the list of extended capabilities; a list that runs in circles ends with the space.</summary>
    internal static DeviceSerial? OfConfig(ReadOnlySpan<byte> space)
    {
        var at = Extended;
        for (var step = 0; step < ConfigSpace / 8 && at >= Extended && at + 12 <= space.Length; step++)
        {
            var header = BinaryPrimitives.ReadUInt32LittleEndian(space[at..]);
            if (header is 0 or uint.MaxValue)
                return null;
            if ((ushort)header == SerialNumber)
                return Of("pci device serial number", Convert.ToHexStringLower(BitConverter.GetBytes(BinaryPrimitives.ReadUInt64BigEndian(space[(at + 4)..]))));
            at = (int)(header >> 20) & ~3;
        }

        return null;
    }
}
