using System.Buffers;
using System.Security.Cryptography;

namespace Adaptation.Certificates;

/// <summary>Both digests of one content. Two contents are the same only if both agree.</summary>
/// <param name="Sha256">64 lowercase hex digits.</param>
/// <param name="Sm3">64 lowercase hex digits.</param>
public sealed record DigestPair(string Sha256, string Sm3);

/// <summary>Computes digests, in one pass over the content.</summary>
public static class Digests
{
    public static DigestPair Of(ReadOnlySpan<byte> content) =>
        new(Sha256(content), Convert.ToHexStringLower(Certificates.Sm3.Hash(content)));

    /// <summary>Reads a stream to its end in pieces of 128 KiB.</summary>
    public static DigestPair Of(Stream content)
    {
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var sm3 = new Sm3();
        var buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            while (content.Read(buffer) is > 0 and var count)
            {
                sha256.AppendData(buffer, 0, count);
                sm3.Append(buffer.AsSpan(0, count));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return new DigestPair(Convert.ToHexStringLower(sha256.GetHashAndReset()), Convert.ToHexStringLower(sm3.Finish()));
    }

    /// <summary>64 lowercase hex digits.</summary>
    public static string Sha256(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    internal static bool IsHex(string text, int length) =>
        text.Length == length && text.All(char.IsAsciiHexDigitLower);
}
