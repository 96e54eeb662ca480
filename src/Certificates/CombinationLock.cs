namespace Adaptation.Certificates;

/// <summary>The exact stack that is tested, as canonical bytes whose digests are the subject of the certificate.</summary>
/// <remarks>
/// No time, serial number, temperature or boot id: it describes a stack, not one unit. It is written before the run and again after
/// it, and any byte of difference refuses. Texts are printable ASCII, but for members called <c>displayName</c>.
/// </remarks>
/// <param name="Combination">What the certificate repeats: accelerator, driver, toolkit, container, model, precision and so on.</param>
/// <param name="Detail">Digests that pin the rest; <c>golden</c> lists the golden files, see <see cref="GoldenFile"/>.</param>
public sealed record CombinationLock(CanonicalValue.Object Combination, CanonicalValue.Object Detail)
{
    private const int MaxBytes = 4 << 20;
    private const string Schema = "hwcert.lock/v1";

    /// <summary>One entry of <c>detail.golden</c>: fixes an expected output before anything runs.</summary>
    /// <param name="path">In the evidence.</param>
    /// <param name="sha256">64 lowercase hex digits.</param>
    public static CanonicalValue GoldenFile(string path, string sha256) => CanonicalValue.Object.Of(("path", path), ("sha256", sha256));

    /// <exception cref="RejectedException">LOCK_TEXT: a text is not what a lock may hold.</exception>
    public byte[] ToBytes()
    {
        CheckTexts(Combination, "combination", "LOCK");
        CheckTexts(Detail, "detail", "LOCK");
        var document = CanonicalValue.Object.Of(("combination", Combination), ("detail", Detail), ("schema", Schema));
        return [.. document.ToBytes(), (byte)'\n'];
    }

    /// <exception cref="RejectedException">With a code LOCK_*.</exception>
    public static CombinationLock Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "LOCK", MaxBytes, JsonShape.Of("combination", "detail", "schema"));
        var root = new JsonMembers(document.RootElement, "LOCK", "");
        root.Expect("schema", Schema);
        var read = new CombinationLock(CanonicalValue.ReadObject(root, "combination"), CanonicalValue.ReadObject(root, "detail"));
        root.RefuseOthers();
        return read.ToBytes().AsSpan().SequenceEqual(file.Span)
            ? read
            : throw Rejection.Because("LOCK_FORMAT", "is not in canonical form: compact, members sorted, one line feed at the end");
    }

    /// <summary>The golden files that <see cref="Detail"/> fixes, by path; an entry of another form counts for nothing.</summary>
    internal IEnumerable<(string Path, string Sha256)> GoldenFiles()
    {
        if (Detail.TryGet("golden") is not CanonicalValue.List list)
            yield break;
        foreach (var item in list.Items)
            if (item is CanonicalValue.Object entry && entry.TryText("path") is { } path && entry.TryText("sha256") is { } sha256)
                yield return (path, sha256);
    }

    internal static void CheckTexts(CanonicalValue value, string path, string prefix)
    {
        switch (value)
        {
            case CanonicalValue.Text text:
                var isName = path.EndsWith(".displayName", StringComparison.Ordinal);
                if (isName ? !TextRules.IsDisplayName(text.Value) : !TextRules.IsIdentity(text.Value))
                    throw Rejection.Because(prefix + "_TEXT", $"{path} is {(isName ? "no plain name" : "not printable ASCII")}: {JsonGate.Quote(text.Value)}");
                break;
            case CanonicalValue.List list:
                foreach (var item in list.Items)
                    CheckTexts(item, path, prefix);
                break;
            case CanonicalValue.Object members:
                foreach (var (name, member) in members.Members)
                {
                    if (!TextRules.IsIdentity(name))
                        throw Rejection.Because(prefix + "_TEXT", $"{path}: the member name {JsonGate.Quote(name)} is not printable ASCII");
                    CheckTexts(member, $"{path}.{name}", prefix);
                }
                break;
        }
    }
}
