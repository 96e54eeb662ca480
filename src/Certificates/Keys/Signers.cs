using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>Signs with one private key, wherever that is kept. Safe for use by one thread at a time.</summary>
public interface ISigner : IDisposable
{
    /// <summary>The public half, with algorithm and duty.</summary>
    KeyRecord Key { get; }

    /// <param name="message">The whole message: SM2 hashes the user and the key with it, and Ed25519 hashes twice.</param>
    /// <returns>DER SEQUENCE of r and s; for Ed25519 64 raw bytes. It has been verified by <see cref="Key"/>.</returns>
    /// <exception cref="BrokenEnvironmentException">The key is out of reach, or what it made does not verify.</exception>
    byte[] Sign(ReadOnlySpan<byte> message);
}

/// <summary>Signs with a key in memory, which it owns.</summary>
internal sealed class MemorySigner(PrivateKey key, KeyRecord record) : ISigner
{
    public KeyRecord Key => record;

    public byte[] Sign(ReadOnlySpan<byte> message) => Signing.Verified(record, message, key.Sign(message));

    public void Dispose() => key.Dispose();
}

internal static class Signing
{
    /// <summary>Lets a signature out only if it verifies: a fault while signing can give the key away.</summary>
    public static byte[] Verified(KeyRecord key, ReadOnlySpan<byte> message, byte[] signature) =>
        key.Refuse(message, signature) is null
            ? signature
            : throw new BrokenEnvironmentException($"The signature just made by {key.KeyId} does not verify; this machine cannot be trusted to sign.");
}
