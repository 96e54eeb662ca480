using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Core;

/// <summary>One file of an engine's compile or tuning cache, as the runner found it.</summary>
/// <param name="Name">Below the cache's folder.</param>
public sealed record CacheFile(string Name, long Bytes, string Sha256)
{
    private const int DigestDigits = 64;

    /// <summary>Size and digest as a fact states them.</summary>
    public string State => string.Create(CultureInfo.InvariantCulture, $"{Bytes} {Sha256}");

    /// <summary>What <see cref="State"/> wrote; null if it is anything else.</summary>
    public static CacheFile? TryRead(string name, string state) =>
        state.Split(' ') is [var bytes, { Length: DigestDigits } sha256] && sha256.All(char.IsAsciiHexDigitLower)
        && long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? new(name, size, sha256) : null;
}

/// <summary>The starts that a declared cache is tried by, and what each does to the files that the engine wrote (COR-19).</summary>
/// <remarks>Source of the damages: Android NNAPI VTS, compilation caching tests (a bit flipped, a wrong length, a wrong token).</remarks>
public static class CacheStarts
{
    /// <summary>With an empty folder.</summary>
    public const string Cold = "cold";

    /// <summary>With the folder as the cold start left it.</summary>
    public const string Warm = "warm";

    /// <summary>One bit in the middle of the largest file is another: of that one alone, for a file beside it that is checked would give every damage away.</summary>
    public const string BitFlipped = "bit-flipped";

    /// <summary>Each file ends at its half.</summary>
    public const string Cut = "cut";

    /// <summary>Each file has the content of another one, nearest in size.</summary>
    public const string Swapped = "swapped";

    /// <summary>The largest file is empty.</summary>
    public const string Emptied = "emptied";

    /// <summary>The damages that these files can have: files without content have none, and one content cannot be swapped.</summary>
    public static ImmutableArray<string> Damages(IEnumerable<CacheFile> files) => Filled(files) switch
    {
        [] => [],
        var filled when filled.DistinctBy(file => file.Sha256).Count() > 1 => [BitFlipped, Cut, Swapped, Emptied],
        _ => [BitFlipped, Cut, Emptied],
    };

    /// <summary>The files that a damage changes; of <see cref="Swapped"/> each takes the content of the one behind it, and the last that of the first.</summary>
    public static ImmutableArray<CacheFile> Damaged(string damage, IEnumerable<CacheFile> files) => damage is Emptied or BitFlipped ? [.. Filled(files).TakeLast(1)] : Filled(files);

    /// <summary>What a damage does, in words that go on from the names of files.</summary>
    public static LocalText Words(string damage) => damage switch
    {
        BitFlipped => new("one bit flipped", "翻转一个比特"),
        Cut => new("cut to half", "截为一半"),
        Swapped => new("given another file's content", "换成另一文件的内容"),
        _ => new("emptied", "清空"),
    };

    /// <summary>By size, those of one size by name.</summary>
    private static ImmutableArray<CacheFile> Filled(IEnumerable<CacheFile> files) =>
        [.. files.Where(file => file.Bytes > 0).OrderBy(file => file.Bytes).ThenBy(file => file.Name, StringComparer.Ordinal)];
}
