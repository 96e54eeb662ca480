using System.Security.Cryptography;

namespace Adaptation.Runner;

/// <summary>Digests of files on this machine.</summary>
internal static class FileDigests
{
    /// <returns>Lowercase hex, or null if there is no such file.</returns>
    public static async Task<string?> Sha256Async(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20, FileOptions.SequentialScan);
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
