using System.Security.Cryptography;

namespace Adaptation.Certificates;

/// <summary>A passphrase or a token's PIN as UTF-8 bytes, wiped when it is disposed.</summary>
public sealed class Passphrase : IDisposable
{
    /// <summary>What a new passphrase has at least, in bytes.</summary>
    public const int MinBytes = 12;

    /// <summary>More is read from nowhere.</summary>
    public const int MaxBytes = 1024;

    private readonly byte[] _bytes;

    /// <param name="bytes">Copied, to a place where the garbage collector makes no further copies; wiping the original is the caller's part.</param>
    public Passphrase(ReadOnlySpan<byte> bytes)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(_bytes);
    }

    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Compares in the same time, wherever they differ.</summary>
    public bool IsSame(Passphrase other) => CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);
}

/// <summary>Asks whoever holds a key for its passphrase: at a terminal, or from a file descriptor that was handed down.</summary>
/// <param name="what">What is to be opened, to be shown.</param>
/// <param name="isNew">It will protect a new key: asked for twice, and at least <see cref="Passphrase.MinBytes"/> long.</param>
/// <returns>The caller disposes it.</returns>
public delegate Passphrase PassphrasePrompt(string what, bool isNew);
