using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch;

/// <summary>Looks into a TorchScript archive before torch does: it may hold tensors and code, and nothing else.</summary>
/// <remarks>
/// What the code computes is not judged here; it runs inside the container. Layout: torch/csrc/jit/docs/serialization.md of PyTorch. Files that
/// only accompany a model (<c>extra/</c>) are neither and are refused too.
/// </remarks>
internal static class ArchiveScan
{
    private const int LargestPickle = 64 << 20, LargestCode = 64 << 20, LargestNote = 4096;
    private const long MostUnpacked = 256L << 20;

    private static readonly string[] Required = ["data.pkl", "constants.pkl", "version"];

    private static readonly string[] Notes = ["version", "byteorder", ".data/version", ".data/serialization_id", ".format_version", ".storage_alignment"];

    /// <param name="what">How messages call it.</param>
    /// <exception cref="AdapterException">It is no TorchScript archive, or holds something else; the message names it.</exception>
    public static void Check(Stream archive, string what)
    {
        try
        {
            Check(archive);
        }
        catch (Exception refused) when (refused is InvalidDataException or EndOfStreamException)
        {
            throw new AdapterException(
                $"{what} is refused before torch reads it: {refused.Message}. Give a TorchScript archive of tensors and code alone, as torch.jit.save writes it.", refused);
        }
    }

    private static void Check(Stream archive)
    {
        var items = ZipDirectory.Read(archive);
        var root = items.Count == 0 ? "" : items[0].Name[..(items[0].Name.IndexOf('/', StringComparison.Ordinal) + 1)];
        if (root.Length == 0 || items.Find(item => !item.Name.StartsWith(root, StringComparison.Ordinal)) is not null)
            throw new InvalidDataException("its files do not lie below one folder");
        foreach (var item in items)
            CheckPlace(item, item.Name[root.Length..]);
        if (items.Where(item => item.IsDeflated).Sum(item => item.Size) > MostUnpacked)
            throw new InvalidDataException($"it unpacks to more than {MostUnpacked >> 20} MiB");

        var sizes = items.ToDictionary(item => item.Name, item => item.Size, StringComparer.Ordinal);
        if (Required.FirstOrDefault(required => !sizes.ContainsKey(root + required)) is { } missing)
            throw new InvalidDataException($"it has no {missing}: it is no TorchScript archive; one that torch.save wrote holds no code");
        foreach (var item in items.Where(item => !IsTensor(item.Name[root.Length..])))
        {
            var (name, content) = (item.Name[root.Length..], ZipDirectory.Content(archive, item, LargestPickle));
            if (!IsPickle(name))
                continue;
            var storages = name is "data.pkl" or "constants.pkl" ? $"{root}{Path.GetFileNameWithoutExtension(name)}/" : null;
            PickleScan.Check(
                content, name, key => storages is not null && sizes.TryGetValue(storages + key, out var size) ? size : null);
        }
    }

    private static bool IsPickle(string name) => name.EndsWith(".pkl", StringComparison.Ordinal) || name.EndsWith(".debug_pkl", StringComparison.Ordinal);

    private static void CheckPlace(ZipItem item, string name)
    {
        var largest = name switch
        {
            "data.pkl" or "constants.pkl" => LargestPickle,
            _ when Notes.Contains(name) => LargestNote,
            _ when IsTensor(name) => item.IsDeflated ? -1 : long.MaxValue, // tensors are stored as they are
            _ when name.StartsWith("code/", StringComparison.Ordinal)
                && (name.EndsWith(".py", StringComparison.Ordinal) || name.EndsWith(".py.debug_pkl", StringComparison.Ordinal)) => LargestCode,
            _ => throw new InvalidDataException($"it holds {name}, which is neither tensors nor code"),
        };
        if (item.Size > largest)
            throw new InvalidDataException($"{name} is packed, or has more bytes ({item.Size}) than such a file may have");
    }

    /// <summary><c>data/0</c>, <c>constants/12</c>.</summary>
    private static bool IsTensor(string name) => name.Split('/') is ["data" or "constants", { Length: > 0 } key] && key.All(char.IsAsciiDigit);
}
