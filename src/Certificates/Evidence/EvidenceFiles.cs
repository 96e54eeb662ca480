using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>The files of a bundle, each checked against the manifest again whenever it is read: a folder can change between two looks.</summary>
internal sealed class EvidenceFiles(string directory, EvidenceManifest manifest) : IBlobs
{
    public ReadOnlyMemory<byte> Read(string path)
    {
        var listed = manifest.TryFind(path) ?? throw new FileNotFoundException($"the evidence has no file {JsonGate.Quote(path)}");
        var content = File.ReadAllBytes(Path.Combine(directory, path));
        return content.Length == listed.Size && Digests.Sha256(content) == listed.Digests.Sha256
            ? content
            : throw Rejection.Because("EVD_DIGEST", $"{path} changed while it was checked");
    }

    /// <exception cref="RejectedException">EVD_MISSING.</exception>
    public ReadOnlyMemory<byte> Need(string path)
    {
        Digest(path);
        return Read(path);
    }

    /// <exception cref="RejectedException">EVD_MISSING.</exception>
    public string Digest(string path) =>
        TryDigest(path) ?? throw Rejection.Because("EVD_MISSING", $"the evidence has no file {JsonGate.Quote(path)}");

    public string? TryDigest(string path) => manifest.TryFind(path)?.Digests.Sha256;

    public IEnumerable<string> Under(string folder) =>
        manifest.Files.Select(file => file.Path).Where(path => path.StartsWith(folder, StringComparison.Ordinal));
}
