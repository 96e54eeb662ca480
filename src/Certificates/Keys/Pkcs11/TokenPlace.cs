using System.Collections.Immutable;

namespace Adaptation.Certificates;

/// <summary>Where a key on a PKCS#11 token is. As a file: a reference that holds no secret, and is still closed to others, because it names code to load.</summary>
public sealed record TokenPlace
{
    private const string Schema = "adaptation.pkcs11-key/v1";
    private const int MaxBytes = 1 << 16;

    /// <summary>Absolute path of the vendor's module, such as <c>/usr/lib/softhsm/libsofthsm2.so</c>.</summary>
    public required string Module { get; init; }

    /// <summary>The token's label, without the spaces at its end.</summary>
    public required string Token { get; init; }

    /// <summary>CKA_ID of the key, 1 to 64 bytes as lowercase hex; null where there is none yet.</summary>
    public string? Id { get; init; }

    internal byte[] ToBytes() => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        writer.WriteString("module", Module);
        writer.WriteString("schema", Schema);
        writer.WriteString("token", Token);
        writer.WriteEndObject();
    });

    /// <exception cref="RejectedException">With a code TOKEN_*.</exception>
    internal static TokenPlace Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "TOKEN", MaxBytes, JsonShape.Of("id", "module", "schema", "token"));
        var root = new JsonMembers(document.RootElement, "TOKEN", "");
        root.Expect("schema", Schema);
        var place = new TokenPlace { Module = root.Text("module"), Token = root.Text("token"), Id = root.Text("id") };
        root.RefuseOthers();
        return IsId(place.Id) ? place : throw root.Refuse("MEMBER", "id is not 1 to 64 bytes in lowercase hex");
    }

    /// <summary>Whether a text is a CKA_ID as references have it.</summary>
    public static bool IsId(string text) => text.Length is >= 2 and <= 128 && text.Length % 2 == 0 && Digests.IsHex(text, text.Length);
}

/// <summary>How a vendor's token signs with SM2, for which PKCS#11 has no mechanism of its own.</summary>
/// <param name="Manufacturer">What the token's manufacturer id begins with, letter case aside.</param>
/// <param name="Mechanism">Signs e = SM3(Z || M), 32 bytes, and gives r and s, 32 bytes each.</param>
/// <param name="Source">Where the number was read.</param>
internal sealed record Sm2Mechanism(string Manufacturer, uint Mechanism, string Source)
{
    /// <summary>
    /// None of these was ever tried: we had no such token. A wrong one does no harm, because a signature that does not verify is never let out;
    /// a token of a manufacturer that is not here is refused.
    /// </summary>
    public static readonly ImmutableArray<Sm2Mechanism> Table =
    [
        new("sansec", 0x8000_8105, "CKM_SM2_SIGN_NO_DER in the vendor's header swpkcs11.h, as found in public repositories"),
        new("swxa", 0x8000_8105, "the same header; SWXA is another name of the same vendor"),
        new("ibm", 0x8005_000B, "CKM_IBM_SM2 in the same header"),
    ];

    public static Sm2Mechanism? For(string manufacturer) =>
        Table.FirstOrDefault(row => manufacturer.StartsWith(row.Manufacturer, StringComparison.OrdinalIgnoreCase));
}
