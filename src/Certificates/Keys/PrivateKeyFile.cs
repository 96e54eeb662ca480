using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Files that only their owner may read, and private keys in PEM in them.</summary>
internal static class PrivateKeyFile
{
    public const string Encrypted = "ENCRYPTED PRIVATE KEY";
    private const string Plain = "PRIVATE KEY";
    private const int MaxBytes = 1 << 16;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    /// <summary>Writes a new file that nobody else can read, on the disk before it returns; the content is wiped.</summary>
    /// <exception cref="IOException">There is such a file already.</exception>
    public static void Write(string path, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
        CryptographicOperations.ZeroMemory(content);
    }

    /// <summary>The key in plain PEM: good enough to try everything, and no more.</summary>
    public static byte[] Pem(PrivateKey key)
    {
        var der = key.Export();
        var pem = Encoding.ASCII.GetBytes(PemEncoding.WriteString(Plain, der));
        CryptographicOperations.ZeroMemory(der);
        return pem;
    }

    /// <summary>Opens a plain key, as development keys are.</summary>
    /// <param name="remedy">What to do about a file that is no key.</param>
    /// <exception cref="BrokenEnvironmentException">Others may read the file, or it is no private key of this algorithm.</exception>
    public static PrivateKey OpenPlain(string path, KeyAlgorithm algorithm, string remedy)
    {
        var key = TryDer(Read(path, remedy), Plain) is { } der ? PrivateKey.TryImport(der) : null;
        if (key?.Algorithm == algorithm)
            return key;
        key?.Dispose();
        throw new BrokenEnvironmentException($"{path} is not a private key for {Words.Of(algorithm)} in PEM. {remedy}");
    }

    /// <summary>A small file of text that its owner alone can use.</summary>
    /// <exception cref="BrokenEnvironmentException">Others may use the file, or it is too large to be a key's.</exception>
    public static string Read(string path, string remedy)
    {
        if (new FileInfo(path).LinkTarget is { } target)
            throw new BrokenEnvironmentException($"{path} is a link to {target}; whoever owns the folder of a link says which key it is. Give the file itself. {remedy}");
        using var file = File.OpenRead(path); // what is asked about is what is read, whatever the name means by then
        var mode = File.GetUnixFileMode(file.SafeFileHandle);
        if ((mode & Others) != UnixFileMode.None)
        {
            throw new BrokenEnvironmentException(
                $"{path} holds a private key and others may use it (mode {Convert.ToString((int)mode, 8)}, expected 600). "
                + $"If nobody else had access, run: chmod 600 {path}; otherwise it is no secret any more. {remedy}");
        }
        var content = new byte[MaxBytes + 1];
        try
        {
            var read = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return read <= MaxBytes
                ? Encoding.UTF8.GetString(content, 0, read)
                : throw new BrokenEnvironmentException($"{path} has more than {MaxBytes} bytes and is no key. {remedy}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <returns>The DER within the one PEM block of this label, or null.</returns>
    public static byte[]? TryDer(string text, string label) =>
        PemEncoding.TryFind(text, out var fields) && text[fields.Label] == label ? Convert.FromBase64String(text[fields.Base64Data]) : null;
}
