using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Certificates;

/// <summary>A trust pack that follows from the root its reader pinned, and that is no older than what the reader has seen. There is no other way to get one.</summary>
/// <remarks>Design, section 3.2: all that a verifier believes, in one deterministic archive that needs no network.</remarks>
public sealed class TrustPack
{
    public const string ManifestPath = "pack.dsse.json";
    private const string Prefix = "PACK";
    private const string RootFolder = "root/";
    private const string RootSuffix = ".root.dsse.json";

    private static readonly TarLimits Limits = new(Files: 4096, FileBytes: 64 << 20, TotalBytes: 256 << 20);

    private readonly ImmutableSortedDictionary<string, byte[]> _files;

    private TrustPack(TrustedRoot root, PackManifest manifest, ImmutableSortedDictionary<string, byte[]> files, VerifierState state) =>
        (Root, Version, IssuedAt, _files, State) = (root, manifest.Version, manifest.IssuedAt, files, state);

    /// <summary>The newest.</summary>
    public TrustedRoot Root { get; }

    /// <summary>Every key that the newest root names.</summary>
    public TrustStore Keys => Root.Keys;

    public long Version { get; }

    public DateTimeOffset IssuedAt { get; }

    /// <summary>What the reader has to remember once its whole run is over.</summary>
    public VerifierState State { get; }

    /// <summary>All files but the manifest and roots before the pinned one, which nobody has checked; sorted.</summary>
    public IEnumerable<string> Paths => _files.Keys;

    /// <summary>Opens a pack as a verifier that remembers.</summary>
    /// <param name="now">For the windows of keys and the expiry of the newest root.</param>
    /// <exception cref="RejectedException">
    /// PACK_*: the archive or its manifest. ROOT_VERSION, ROOT_THRESHOLD, ROOT_EXPIRED, SIG_UNTRUSTED: the chain of roots. KEY_ENVIRONMENT: made for
    /// another environment. PACK_ROLLBACK: older than one seen. PACK_FORK: another of that version was. CLOCK_ROLLBACK: it is earlier than it was. ENV_*, SIG_*, KEY_*: a signed file.
    /// </exception>
    /// <exception cref="Core.BrokenEnvironmentException">This machine cannot check signatures: no verdict.</exception>
    public static TrustPack Open(ReadOnlyMemory<byte> archive, VerifierState state, DateTimeOffset now)
    {
        SelfTest.Run();
        state.RefuseClock(now);
        var files = Unpack(archive);
        var root = Follow(files, state);
        root.RequireCurrent(now);
        if (root.Content.Environment != state.Environment)
            throw Rejection.Because("KEY_ENVIRONMENT", $"the pack is for {Words.Of(root.Content.Environment)}; this verifier is for {Words.Of(state.Environment)}");
        var (manifest, digests) = ReadManifest(files, root, now);
        files = files.Remove(ManifestPath);
        manifest.Check(files);
        foreach (var (path, content) in files)
            CheckFile(path, content, root, now);
        var next = state.Saw(root.Reference, manifest.Version, digests.Sha256, now);
        return new TrustPack(root, manifest, files.RemoveRange(files.Keys.Where(path => IsRoot(path) && VersionOf(path) < state.Pinned.Version)), next);
    }

    /// <summary>Content of a file, or null.</summary>
    public ReadOnlyMemory<byte>? TryFile(string path) => _files.TryGetValue(path, out var content) ? content : default(ReadOnlyMemory<byte>?); // of a bare null the compiler makes an empty file

    /// <summary>Puts a pack together and signs its manifest; what it lets out has been opened as a verifier would.</summary>
    /// <param name="files">All but the manifest, by path: <c>root/N.root.dsse.json</c> from the first on, and what else the pack is to hold.</param>
    /// <param name="status">A key with the role status.</param>
    /// <exception cref="RejectedException">As <see cref="Open"/>: a verifier would refuse it.</exception>
    public static byte[] Create(ImmutableSortedDictionary<string, byte[]> files, long version, ISigner status, DateTimeOffset now)
    {
        SelfTest.Run();
        var first = files.TryGetValue(RootPath(1), out var bytes) ? bytes : throw Rejection.Because("PACK_MISSING", $"there is no {RootPath(1)}; a pack holds all roots from the first");
        var unpinned = SignedRoot.Read(first);
        var state = VerifierState.Pin(first, unpinned.Digests.Sha256, unpinned.Content.Environment);
        var manifest = new PackManifest
        {
            Version = version,
            IssuedAt = now,
            Environment = unpinned.Content.Environment,
            Root = Follow(files, state).Reference,
            Files = [.. files.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => (file.Key, Digests.Of(file.Value)))],
        };
        var payload = manifest.ToBytes();
        var message = Dsse.Pae(CertificateFormat.PayloadType, payload);
        var signed = Dsse.Write(new DsseEnvelope(CertificateFormat.PayloadType, payload, [new DsseSignature(status.Key.KeyId, [.. status.Sign(message)])]));
        var archive = Pack(files.SetItem(ManifestPath, signed));
        Open(archive, state, now);
        return archive;
    }

    internal static byte[] Pack(ImmutableSortedDictionary<string, byte[]> files)
    {
        using var archive = new MemoryStream();
        StrictTar.Write(archive, Prefix, files.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => (file.Key, (Func<Stream>)(() => new MemoryStream(file.Value)))));
        return archive.ToArray();
    }

    internal static string RootPath(long version) => string.Create(CultureInfo.InvariantCulture, $"{RootFolder}{version}{RootSuffix}");

    private static ImmutableSortedDictionary<string, byte[]> Unpack(ReadOnlyMemory<byte> archive)
    {
        var files = new Dictionary<string, MemoryStream>(StringComparer.Ordinal);
        StrictTar.Read(new MemoryStream(archive.ToArray(), writable: false), Prefix, Limits, (path, size) => files[path] = new MemoryStream((int)Math.Min(size, 1 << 16)));
        return files.ToImmutableSortedDictionary(file => file.Key, file => file.Value.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>From the pinned root to the newest, step by step; the newest that was seen before has to be on the way.</summary>
    private static TrustedRoot Follow(ImmutableSortedDictionary<string, byte[]> files, VerifierState state)
    {
        byte[] File(long version) => files.TryGetValue(RootPath(version), out var file)
            ? file
            : throw Rejection.Because("ROOT_VERSION", $"there is no {RootPath(version)}; the pack holds {files.Keys.Count(IsRoot)} roots, and every one is needed from version {state.Pinned.Version} on");
        var newest = files.Keys.Where(IsRoot).Select(VersionOf).DefaultIfEmpty(0).Max();
        var root = TrustedRoot.First(File(state.Pinned.Version), state.Pinned);
        while (true)
        {
            if (root.Reference.Version == state.Root.Version && root.Reference != state.Root)
                throw Rejection.Because("ROOT_VERSION", $"root version {root.Reference.Version} is sha256:{root.Reference.Sha256}; another one of this number has been seen, sha256:{state.Root.Sha256}");
            if (root.Reference.Version == newest)
                break;
            root = root.Next(File(root.Reference.Version + 1));
        }
        return root.Reference.Version >= state.Root.Version
            ? root
            : throw Rejection.Because("ROOT_VERSION", $"the newest root is version {root.Reference.Version}; version {state.Root.Version} has been seen");
    }

    /// <summary>The manifest, and the digests of what it says, whoever signed it.</summary>
    private static (PackManifest, DigestPair) ReadManifest(ImmutableSortedDictionary<string, byte[]> files, TrustedRoot root, DateTimeOffset now)
    {
        var file = files.TryGetValue(ManifestPath, out var bytes) ? bytes : throw Rejection.Because("PACK_MISSING", $"the pack has no {ManifestPath}");
        var envelope = Dsse.Read(file, CertificateFormat.PayloadType, "ENV");
        new PackSlot("", CertificateFormat.PayloadType, PackManifest.PredicateType, KeyDuty.Status, NamesRoot: true).CheckSigners(ManifestPath, envelope, root, now);
        var manifest = PackManifest.Read(envelope.Payload);
        if (manifest.Root != root.Reference || manifest.Environment != root.Content.Environment)
        {
            throw Rejection.Because("PACK_MIXED",
                $"the manifest was issued under root version {manifest.Root.Version}, sha256:{manifest.Root.Sha256}; the newest in the pack is version {root.Reference.Version}, sha256:{root.Reference.Sha256}");
        }
        return (manifest, Digests.Of(envelope.Payload));
    }

    private static void CheckFile(string path, byte[] content, TrustedRoot root, DateTimeOffset now)
    {
        if (IsRoot(path) && VersionOf(path) > 0)
            return; // by the chain
        if (PackSlot.All.FirstOrDefault(slot => path.StartsWith(slot.Folder, StringComparison.Ordinal) && path.EndsWith(PackSlot.Suffix, StringComparison.Ordinal)) is { } slot)
            slot.Check(path, content, root, now);
        else if (!PackSlot.Unsigned.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)))
            throw Rejection.Because("PACK_PATH", $"{path} is no file that a pack may hold: root/N{RootSuffix}, {string.Join(", ", PackSlot.All.Select(known => known.Folder + "*" + PackSlot.Suffix))}, {string.Join(", ", PackSlot.Unsigned)}");
    }

    private static bool IsRoot(string path) => path.StartsWith(RootFolder, StringComparison.Ordinal);

    /// <summary>0 for a name that is none.</summary>
    private static long VersionOf(string path) =>
        path.EndsWith(RootSuffix, StringComparison.Ordinal)
        && long.TryParse(path.AsSpan(RootFolder.Length, Math.Max(0, path.Length - RootFolder.Length - RootSuffix.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
        && RootPath(version) == path ? version : 0;
}
