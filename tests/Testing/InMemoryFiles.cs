using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Testing;

/// <summary>An evidence bundle's files, held in memory.</summary>
public sealed record InMemoryFiles(ImmutableSortedDictionary<string, ReadOnlyMemory<byte>> Files) : IBlobs
{
    public static InMemoryFiles Empty { get; } = new(ImmutableSortedDictionary.Create<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal));

    public InMemoryFiles With(string path, ReadOnlyMemory<byte> content) => new(Files.SetItem(path, content));

    public InMemoryFiles Without(string path) => new(Files.Remove(path));

    public ReadOnlyMemory<byte> Read(string path) =>
        Files.TryGetValue(path, out var content) ? content : throw new FileNotFoundException($"the bundle has no {path}", path);
}
