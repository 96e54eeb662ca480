using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>What a file below <c>hardware-profiles/</c> is about.</summary>
public enum ProfilePart
{
    /// <summary>What holds for every chip of a vendor.</summary>
    Vendor,

    /// <summary>A chip, without a stack.</summary>
    Chip,

    /// <summary>A chip with a stack: it can be run.</summary>
    Stack,
}

/// <param name="Facts">Its own and those of all that it extends.</param>
/// <param name="Stack">Null where there is nothing to run.</param>
public sealed record ProfileFile(string Id, LocalText Name, ProfilePart Part, ProfileFacts Facts, Profile? Stack);

/// <summary>One chip with its software stack, and how to start a server on it: a file under <c>hardware-profiles/</c>.</summary>
public sealed record Profile
{
    /// <summary>The file as the user named it.</summary>
    public required string File { get; init; }

    /// <summary>SHA-256 of the file's bytes, lowercase hex; where it extends others, of the digests of all of them, a line each, its own first.</summary>
    public required string Sha256 { get; init; }

    /// <summary>SHA-256 of the file's own bytes, lowercase hex.</summary>
    public string FileSha256 { get; init; } = "";

    /// <summary>Such as <c>generic/x64-onnxruntime</c>.</summary>
    public required string Id { get; init; }

    public required LocalText Name { get; init; }

    public required ChipFacts Chip { get; init; }

    /// <summary>Versions the profile states (<c>driver.version</c> ...); a probe that reads another one fails OPS-02.</summary>
    public required ImmutableSortedDictionary<string, string> Versions { get; init; }

    public required ProfileImage Image { get; init; }

    public required ProfileContainer Container { get; init; }

    public required ProfileServer Server { get; init; }

    public required Declaration Declared { get; init; }

    /// <summary>What is known of the chip and the stack, each with its source; none for a profile that extends nothing and states none.</summary>
    public ProfileFacts Facts { get; init; } = ProfileFacts.None;

    /// <summary>Hardening rule to the reason why this stack needs the exception.</summary>
    public required ImmutableSortedDictionary<string, string> Exceptions { get; init; }
}

/// <param name="Kind"><c>cpu</c>, or <c>pci</c> for an accelerator that is probed by its PCI ids.</param>
/// <param name="PciId">Vendor and device id, <c>19e5:d802</c>; null for a CPU, and where no source states it.</param>
/// <param name="KernelModule">Whose version is the driver's; null for a CPU.</param>
public sealed record ChipFacts(string Vendor, string Model, string Kind, int Count, string? PciId, string? KernelModule)
{
    /// <summary>Where the file states the id.</summary>
    public int PciLine { get; init; }
}

/// <param name="Folder">The folder with the Dockerfile, relative to the product's root.</param>
/// <param name="Engine">Name of an engine pack that goes into the image at <c>engine/</c>, or null.</param>
/// <param name="Files">Further files of the build context: path in it to path relative to the product's root.</param>
public sealed partial record ProfileImage(string Folder, string Base, string? Engine, ImmutableSortedDictionary<string, string> Files)
{
    /// <summary>Packages of the distribution that the base gets besides its own; it is then made here and not pulled.</summary>
    public ImmutableArray<string> Packages { get; init; } = [];

    /// <summary>Where the file names the base.</summary>
    public int BaseLine { get; init; }

    /// <summary>Where the file names the folder.</summary>
    public int FolderLine { get; init; }

    /// <summary>Whether the base is the same tomorrow: named by its digest, or plain Debian or Ubuntu, of whose base (pulled, or made here of signed packages) the lock has the digest.</summary>
    public bool IsPinned => PinnedBase().IsMatch(Base) || Base.StartsWith("debian:", StringComparison.Ordinal) || Base.StartsWith("ubuntu:", StringComparison.Ordinal);

    [GeneratedRegex(@"\A[^@\s]+@sha256:[0-9a-f]{64}\z", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PinnedBase();
}

public sealed record ProfileContainer(
    long MemoryBytes, int CpuMillis, int Pids, long TmpBytes, string User, ImmutableArray<string> Devices,
    long LogLimitBytes, bool HostNetwork, ContainerWeaknesses Weaknesses);

/// <summary>How the server in the container is started and reached.</summary>
public sealed record ProfileServer
{
    /// <summary>The adapter that our host serves, or null where <see cref="Command"/> starts the stack's own server.</summary>
    public ProfileAdapter? Adapter { get; init; }

    /// <summary>What it speaks. A language model that our host serves speaks both and is asked by both.</summary>
    public WireProtocol Protocol { get; init; }

    /// <summary>Arguments; <c>{model}</c> stands for the model's folder, <c>{socket}</c> for the socket's path, <c>{port}</c> for the port.</summary>
    public required ImmutableArray<string> Command { get; init; }

    public required ImmutableSortedDictionary<string, string> Environment { get; init; }

    /// <summary>The port that it listens on, or null where it listens on the Unix socket.</summary>
    public required int? Port { get; init; }

    /// <summary>Folder in the container where the engine keeps a compile or tuning cache, as it is told by options or environment; null if it keeps none.</summary>
    public string? Cache { get; init; }

    public required string ModelName { get; init; }

    public required TimeSpan ReadyWithin { get; init; }

    public required TimeSpan AnswerWithin { get; init; }

    /// <summary>Parallel requests of the offline load.</summary>
    public required int Streams { get; init; }
}

/// <summary>The two protocols of the one wire.</summary>
public enum WireProtocol
{
    /// <summary>Open Inference Protocol v2; for language models of our host also the OpenAI-compatible API.</summary>
    OpenInference,

    /// <summary>The OpenAI-compatible API alone.</summary>
    OpenAi,
}

/// <param name="ProviderLibrary">Path in the container of a plug-in execution provider, or null.</param>
/// <param name="Threads">0: the engine's own choice.</param>
public sealed record ProfileAdapter(
    string Name, string Library, string Provider, ImmutableSortedDictionary<string, string> Options,
    string? ProviderLibrary, bool CpuFallback, int Threads);
