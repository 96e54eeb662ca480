using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Certificates;

/// <summary>What the signatures of a key in signed notes are made over.</summary>
public enum NoteKeyType
{
    /// <summary>A log's: Ed25519 over the note's text.</summary>
    Log = 0x01,

    /// <summary>A witness's: Ed25519 over a time and the text of a checkpoint (cosignature/v1).</summary>
    Witness = 0x04,
}

/// <summary>A trusted public key of a log or a witness: <c>name+hex(id)+base64(type and key)</c>.</summary>
/// <remarks>Sources: C2SP signed-note and tlog-cosignature. The id is no hash to rely on; the key decides.</remarks>
public sealed record NoteKey
{
    private NoteKey(string name, NoteKeyType type, ImmutableArray<byte> publicKey)
    {
        (Name, Type, PublicKey) = (name, type, publicKey);
        byte[] hashed = [.. Encoding.UTF8.GetBytes(name), (byte)'\n', (byte)type, .. publicKey];
        Id = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(hashed));
    }

    /// <summary>Of a log, its origin. Not empty, neither spaces nor <c>+</c>.</summary>
    public string Name { get; }

    public NoteKeyType Type { get; }

    /// <summary>With the name, finds the lines that this key has to verify.</summary>
    public uint Id { get; }

    /// <summary>32 bytes, not of small order.</summary>
    public ImmutableArray<byte> PublicKey { get; }

    /// <exception cref="RejectedException">LOG_KEY: not a name that notes can carry, or not 32 bytes. KEY_WEAK: a key of small order, under which any message verifies.</exception>
    public static NoteKey For(string name, NoteKeyType type, ReadOnlySpan<byte> publicKey)
    {
        if (!IsName(name))
            throw Rejection.Because("LOG_KEY", $"{JsonGate.Quote(name)} is no name for a key: expected 1 to 255 characters without spaces, controls and +");
        if (publicKey.Length != Ed25519.KeyBytes)
            throw Rejection.Because("LOG_KEY", $"the key of {name} has {publicKey.Length} bytes; an Ed25519 key has {Ed25519.KeyBytes}");
        return Ed25519.IsWeak(publicKey)
            ? throw Rejection.Because("KEY_WEAK", $"the key of {name} is of small order or not in its one spelling: signatures of any message could verify under it")
            : new NoteKey(name, type, [.. publicKey]);
    }

    /// <summary>Reads a verifier key.</summary>
    /// <exception cref="RejectedException">LOG_KEY or KEY_WEAK, as <see cref="For"/>; LOG_KEY also if id and key disagree, or the type is neither 01 nor 04.</exception>
    public static NoteKey Parse(string text)
    {
        var parts = text.Split('+', 3);
        if (parts.Length != 3 || !Digests.IsHex(parts[1], 8) || StrictBase64.TryDecodeStandard(parts[2]) is not [var type, .. var key])
            throw Rejection.Because("LOG_KEY", $"{JsonGate.Quote(text)} is no verifier key: expected NAME+8 hex digits+base64 of type and key");
        if (type is not ((byte)NoteKeyType.Log or (byte)NoteKeyType.Witness))
            throw Rejection.Because("LOG_KEY", $"the key of {JsonGate.Quote(parts[0])} is of type {type:x2}; read are 01 (Ed25519) and 04 (Ed25519 cosignature)");
        var read = For(parts[0], (NoteKeyType)type, key);
        return read.IdText == parts[1]
            ? read
            : throw Rejection.Because("LOG_KEY", $"the key of {read.Name} has the id {read.IdText}, not {parts[1]}: it was changed, or copied wrongly");
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => $"{Name}+{IdText}+{StrictBase64.Encode([(byte)Type, .. PublicKey])}";

    /// <summary>By value: the same name, type and key.</summary>
    public bool Equals(NoteKey? other) => other is not null && Name == other.Name && Type == other.Type && PublicKey.AsSpan().SequenceEqual(other.PublicKey.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Id);

    internal static bool IsName(string name) =>
        name.Length is > 0 and <= 255 && !name.Any(c => c == '+' || char.IsWhiteSpace(c) || char.IsControl(c) || char.IsSurrogate(c));

    private string IdText => Id.ToString("x8", CultureInfo.InvariantCulture);
}
