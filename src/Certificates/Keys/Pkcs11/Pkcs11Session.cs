using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>A session with one token, logged in. For one thread at a time.</summary>
internal sealed unsafe class Pkcs11Session : IDisposable
{
    private const uint EcdsaMechanism = 0x1041, EcKeyPairGeneration = 0x1040;
    private const uint ClassAttribute = 0, TokenAttribute = 1, PrivateAttribute = 2, LabelAttribute = 3, IdAttribute = 0x102, SensitiveAttribute = 0x103,
        SignAttribute = 0x108, VerifyAttribute = 0x10A, ExtractableAttribute = 0x162, EcParametersAttribute = 0x180, EcPointAttribute = 0x181;
    private const uint PublicKeyClass = 2, PrivateKeyClass = 3;
    private const int PointLength = 64;

    private readonly Pkcs11Module _module;
    private readonly TokenPlace _place;
    private readonly nuint _slot;
    private readonly string _manufacturer;
    private nuint _session;

    private Pkcs11Session(Pkcs11Module module, TokenPlace place, nuint slot, string manufacturer) =>
        (_module, _place, _slot, _manufacturer, _session) = (module, place, slot, manufacturer, module.OpenSession(slot, write: place.Id is null));

    /// <summary>The object id prime256v1 in DER.</summary>
    private static ReadOnlySpan<byte> P256Parameters => [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

    /// <exception cref="BrokenEnvironmentException">The module, or exactly one token of this label, is not there; or it is locked.</exception>
    /// <exception cref="BadInputException">The PIN is another one. It is tried once: a token locks itself after a few.</exception>
    public static Pkcs11Session Open(TokenPlace place, Passphrase pin)
    {
        var module = Pkcs11Module.Load(place.Module);
        var tokens = module.SlotsWithToken().Select(slot => (Slot: slot, Token: module.TokenOf(slot))).ToList();
        var named = tokens.Where(token => token.Token.Label == place.Token).ToList();
        if (named is not [var only])
        {
            var seen = tokens.Count == 0 ? "none" : string.Join(", ", tokens.Select(token => JsonGate.Quote(token.Token.Label)));
            throw new BrokenEnvironmentException(
                $"{place.Module} shows {named.Count} tokens labelled {JsonGate.Quote(place.Token)}; expected one. It shows: {seen}. Is the token plugged in?");
        }
        var session = new Pkcs11Session(module, place, only.Slot, only.Token.Manufacturer);
        try
        {
            session.Login(pin);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_session != 0)
            _module.CloseSession(_session);
        _session = 0;
    }

    /// <summary>Makes a P-256 key that never leaves the token.</summary>
    /// <exception cref="BrokenEnvironmentException">The token cannot, or it is to be a key of another algorithm.</exception>
    public (string Id, byte[] Spki) Generate(KeyAlgorithm algorithm, string label)
    {
        if (algorithm != KeyAlgorithm.EcdsaP256Sha256)
            throw new BrokenEnvironmentException($"Keys for {Words.Of(algorithm)} are not made on tokens by this program. Make it with the vendor's tool, and name it by its id.");
        var (id, name) = (RandomNumberGenerator.GetBytes(16), Encoding.UTF8.GetBytes(label));
        byte yes = 1, no = 0;
        fixed (byte* i = id, l = name, p = P256Parameters)
        {
            CkAttribute[] identity = [Attribute(IdAttribute, i, id.Length), Attribute(LabelAttribute, l, name.Length), Attribute(TokenAttribute, &yes, 1)];
            var (made, _) = _module.GenerateKeyPair(
                _session, EcKeyPairGeneration,
                [.. identity, Attribute(VerifyAttribute, &yes, 1), Attribute(EcParametersAttribute, p, P256Parameters.Length)],
                [.. identity, Attribute(SignAttribute, &yes, 1), Attribute(PrivateAttribute, &yes, 1), Attribute(SensitiveAttribute, &yes, 1), Attribute(ExtractableAttribute, &no, 1)]);
            return (Convert.ToHexStringLower(id), Point(made, algorithm, Convert.ToHexStringLower(id)));
        }
    }

    /// <summary>The public half of a key that is there.</summary>
    /// <exception cref="BrokenEnvironmentException">There is no such public key, or it is on another curve.</exception>
    public byte[] PublicKey(string id, KeyAlgorithm algorithm) => Point(One(PublicKeyClass, id), algorithm, id);

    /// <param name="message">The whole message.</param>
    /// <returns>DER SEQUENCE of r and s.</returns>
    /// <exception cref="BrokenEnvironmentException">The key is gone, or the token cannot sign so.</exception>
    public byte[] Sign(string id, KeyRecord record, ReadOnlySpan<byte> message)
    {
        var key = One(PrivateKeyClass, id);
        var hash = record.Algorithm == KeyAlgorithm.Sm2Sm3 ? Sm2.Digest(record.Spki.AsSpan(), message) : SHA256.HashData(message);
        var raw = _module.Sign(_session, key, Mechanism(record.Algorithm), hash);
        return raw.Length == PointLength
            ? EcSignature.FromRaw(raw)
            : throw new BrokenEnvironmentException($"The token {_place.Token} gave a signature of {raw.Length} bytes; expected r and s of 32 bytes each.");
    }

    /// <summary>Compares what the token says of a key with its record, before anything is signed.</summary>
    /// <exception cref="BrokenEnvironmentException">The key is gone, on another curve, not that of the record, or of an algorithm that the token does not offer.</exception>
    public void Expect(string id, KeyRecord record)
    {
        Mechanism(record.Algorithm);
        CheckCurve(One(PrivateKeyClass, id), record.Algorithm, id);
        if (TryOne(PublicKeyClass, id) is { } @public && !Point(@public, record.Algorithm, id).AsSpan().SequenceEqual(record.Spki.AsSpan()))
            throw new BrokenEnvironmentException($"The key {id} of the token {_place.Token} is not {record.KeyId}, which the record beside the reference names.");
    }

    private uint Mechanism(KeyAlgorithm algorithm)
    {
        uint? mechanism = algorithm switch
        {
            KeyAlgorithm.EcdsaP256Sha256 => EcdsaMechanism,
            KeyAlgorithm.Sm2Sm3 => Sm2Mechanism.For(_manufacturer)?.Mechanism,
            _ => null,
        };
        if (mechanism is { } known && _module.Offers(_slot, known))
            return known;
        throw new BrokenEnvironmentException(
            $"The token {_place.Token} of {JsonGate.Quote(_manufacturer)} cannot sign with {Words.Of(algorithm)}: "
            + (mechanism is { } missing ? $"it does not offer the mechanism 0x{missing:x}." : "no mechanism of this manufacturer is known for it."));
    }

    private void Login(Passphrase pin)
    {
        const uint incorrect = 0xA0, wrongLength = 0xA2, locked = 0xA4, already = 0x100;
        switch ((uint)_module.Login(_session, pin.Bytes))
        {
            case incorrect or wrongLength:
                throw new BadInputException([new Problem(_place.Token, 0, "PIN", "the token does not take this PIN. It was tried once; after a few wrong ones a token locks itself")]);
            case locked:
                throw new BrokenEnvironmentException($"The token {_place.Token} is locked after too many wrong PINs; its security officer can unlock it.");
            case already:
                break;
            case var result:
                _module.Require(result, "C_Login");
                break;
        }
    }

    private nuint One(uint @class, string id) => TryOne(@class, id)
        ?? throw new BrokenEnvironmentException(
            $"The token {_place.Token} has no {(@class == PublicKeyClass ? "public" : "private")} key with the id {id}: it was removed, or this is another token of the same label.");

    private nuint? TryOne(uint @class, string id)
    {
        var (bytes, kind) = (Convert.FromHexString(id), (nuint)@class);
        fixed (byte* start = bytes)
        {
            return _module.Find(_session, [Attribute(ClassAttribute, &kind, sizeof(nuint)), Attribute(IdAttribute, start, bytes.Length)]) switch
            {
                [] => null,
                [var key] => key,
                var several => throw new BrokenEnvironmentException($"The token {_place.Token} has {several.Length} keys with the id {id}; expected one."),
            };
        }
    }

    /// <summary>A vendor may describe an SM2 key as it likes; only P-256 has one description.</summary>
    private void CheckCurve(nuint key, KeyAlgorithm algorithm, string id)
    {
        if (algorithm == KeyAlgorithm.EcdsaP256Sha256 && _module.TryAttribute(_session, key, EcParametersAttribute) is var curve && !P256Parameters.SequenceEqual(curve))
            throw new BrokenEnvironmentException($"The key {id} of the token {_place.Token} is not on P-256: its parameters are {(curve is null ? "absent" : Convert.ToHexStringLower(curve))}.");
    }

    /// <summary>DER octet string, as the standard has it, or the bare point, as some tokens do.</summary>
    private byte[] Point(nuint key, KeyAlgorithm algorithm, string id)
    {
        CheckCurve(key, algorithm, id);
        var point = _module.TryAttribute(_session, key, EcPointAttribute) switch
        {
            [0x04, 0x41, 0x04, .. var rest] => rest,
            [0x04, .. var rest] => rest,
            _ => [],
        };
        return point.Length == PointLength
            ? Spki.OfPoint(algorithm, point)
            : throw new BrokenEnvironmentException($"The key {id} of the token {_place.Token} does not show its public point, so that nobody could verify what it signs.");
    }

    private static CkAttribute Attribute(uint type, void* value, int length) => new() { Type = type, Value = value, Length = (nuint)length };
}

/// <summary>Signs with a key that stays on a token.</summary>
internal sealed class Pkcs11Signer : ISigner
{
    private readonly Pkcs11Session _session;
    private readonly string _id;

    private Pkcs11Signer(Pkcs11Session session, string id, KeyRecord record) => (_session, _id, Key) = (session, id, record);

    public KeyRecord Key { get; }

    /// <param name="session">Is disposed with the signer.</param>
    /// <exception cref="BrokenEnvironmentException">As <see cref="Pkcs11Session.Expect"/>.</exception>
    public static Pkcs11Signer Over(Pkcs11Session session, string id, KeyRecord record)
    {
        session.Expect(id, record);
        return new Pkcs11Signer(session, id, record);
    }

    public byte[] Sign(ReadOnlySpan<byte> message) => Signing.Verified(Key, message, _session.Sign(_id, Key, message));

    public void Dispose() => _session.Dispose();
}
