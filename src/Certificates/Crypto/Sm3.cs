namespace Adaptation.Certificates;

/// <summary>SM3 (GM/T 0004, GB/T 32905), whole or in pieces; 32 bytes. One instance serves one thread and gives one digest.</summary>
public sealed unsafe class Sm3 : IDisposable
{
    public const int Size = 32;

    private readonly LibCrypto.DigestContext _context;

    /// <exception cref="Core.BrokenEnvironmentException">The library lacks SM3.</exception>
    public Sm3()
    {
        _context = LibCrypto.EVP_MD_CTX_new();
        var digest = LibCrypto.EVP_sm3();
        LibCrypto.Require(!_context.IsInvalid && digest != 0 && LibCrypto.EVP_DigestInit_ex(_context, digest, 0) == 1, "EVP_DigestInit_ex(SM3)");
    }

    public static byte[] Hash(ReadOnlySpan<byte> message)
    {
        using var hash = new Sm3();
        hash.Append(message);
        return hash.Finish();
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
            LibCrypto.Require(LibCrypto.EVP_DigestUpdate(_context, bytes, (nuint)data.Length) == 1, "EVP_DigestUpdate(SM3)");
    }

    /// <summary>Ends the message; nothing can be appended after it.</summary>
    public byte[] Finish()
    {
        var digest = new byte[Size];
        uint length = 0;
        fixed (byte* target = digest)
            LibCrypto.Require(LibCrypto.EVP_DigestFinal_ex(_context, target, &length) == 1 && length == Size, "EVP_DigestFinal_ex(SM3)");
        return digest;
    }

    public void Dispose() => _context.Dispose();
}
