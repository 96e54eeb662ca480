using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Runner;

/// <summary>A file of an image.</summary>
/// <param name="Beginning">At most <see cref="MostKept"/> bytes.</param>
/// <param name="Sha256">Of the whole file, 64 lowercase hex digits.</param>
public sealed record ImageFile(ReadOnlyMemory<byte> Beginning, string Sha256)
{
    public const int MostKept = 1 << 20;

    /// <summary>More than any library has; what goes on longer is not read.</summary>
    public const long MostRead = 16L << 30;

    public string BeginningAsText => Encoding.UTF8.GetString(Beginning.Span);

    /// <returns>Null for what is longer than <see cref="MostRead"/>.</returns>
    public static async Task<ImageFile?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var kept = new MemoryStream();
        var (buffer, total) = (new byte[1 << 16], 0L);
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            hash.AppendData(buffer, 0, count);
            kept.Write(buffer, 0, (int)Math.Min(count, MostKept - kept.Length));
            if ((total += count) > MostRead)
                return null;
        }

        return new(kept.ToArray(), Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
