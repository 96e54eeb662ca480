using System.Collections.Immutable;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A model whose correct behaviour is known: a folder under <c>reference-models/</c>.</summary>
public sealed record ReferenceModel
{
    public required string File { get; init; }

    /// <summary>The folder that the manifest's paths are relative to.</summary>
    public required string Folder { get; init; }

    /// <summary>SHA-256 of the manifest's bytes, lowercase hex.</summary>
    public required string Sha256 { get; init; }

    public required string Id { get; init; }

    public required LocalText Name { get; init; }

    /// <summary>llm, tensor or endpoint.</summary>
    public required string Kind { get; init; }

    public required string Licence { get; init; }

    /// <summary>Such as fp32: what arithmetic the tolerance was made for.</summary>
    public required string Precision { get; init; }

    /// <summary>The package that the files come from, or null where they lie in the model's own folder.</summary>
    public required PackageSource? Source { get; init; }

    /// <summary>What the container gets, read-only.</summary>
    public required ImmutableArray<PinnedFile> Files { get; init; }

    /// <summary>What stays on the runner's side.</summary>
    public required ImmutableArray<PinnedFile> RunnerFiles { get; init; }

    public required string InputName { get; init; }

    public required string OutputName { get; init; }

    public required ImmutableArray<long> InputShape { get; init; }

    public required ImmutableArray<long> OutputShape { get; init; }

    public required TextLineInput Input { get; init; }

    /// <summary>Name of the runner file with the character set.</summary>
    public required string Charset { get; init; }

    public required string GoldenFile { get; init; }

    public required string GoldenSha256 { get; init; }
}

/// <summary>A package of the npm registry, pinned by the digest that the registry itself states.</summary>
/// <param name="Integrity">Subresource integrity: <c>sha512-</c> and base64.</param>
public sealed record PackageSource(string Package, string Version, string Integrity);

/// <param name="Path">Where it goes.</param>
/// <param name="From">Where it is, in the package or in the model's folder.</param>
/// <param name="Sha256">Lowercase hex.</param>
public sealed record PinnedFile(string Path, string From, long Bytes, string Sha256);

/// <summary>How an image of one text line becomes a tensor: height fixed, values (v / 255 - mean) / std, channels first.</summary>
/// <param name="Bgr">True where the model wants blue first.</param>
public sealed record TextLineInput(int Height, bool Bgr, double Mean, double Std);
