using System.Collections.Immutable;
using System.Globalization;

namespace Adaptation.Runner;

/// <summary>Arguments that a server is started with: those of the profile, or those of our host for the profile's adapter.</summary>
internal static class ServerCommand
{
    private const string Queue = "16384"; // requests that may wait: an offline load submits all of its own at once

    public static ImmutableArray<string> Of(ProfileServer server, RunInputs inputs) => server.Adapter is not { } adapter
        ? server.Command
        :
        [
            "--adapter", adapter.Name, "--library", adapter.Library, "--model", $"{{model}}/{inputs.Model.Files[0].Path}",
            "--model-name", inputs.ServedName, "--listen", Listen(server),
            .. adapter.Name == "llamacpp" ? ["--queue", Queue] : Array.Empty<string>(),
            .. EngineArguments(adapter, adapter.CpuFallback),
        ];

    /// <summary>Of a server that is handed models while it runs.</summary>
    public static ImmutableArray<string> OfRepository(ProfileServer server, bool cpuFallback) =>
    [
        "--adapter", server.Adapter!.Name, "--library", server.Adapter.Library, "--repository", "--listen", Listen(server),
        .. EngineArguments(server.Adapter, cpuFallback),
    ];

    private static string Listen(ProfileServer server) => server.Port is null ? "unix:{socket}" : "tcp:127.0.0.1:{port}";

    private static IEnumerable<string> EngineArguments(ProfileAdapter adapter, bool cpuFallback) =>
    [
        .. adapter.Provider.Length > 0 ? ["--provider", adapter.Provider] : Array.Empty<string>(),
        .. adapter.Options.SelectMany(option => new[] { "--option", $"{option.Key}={option.Value}" }),
        .. adapter.ProviderLibrary is { } library ? ["--provider-library", library] : Array.Empty<string>(),
        .. cpuFallback ? Array.Empty<string>() : ["--no-cpu-fallback"],
        .. adapter.Threads > 0 ? ["--threads", adapter.Threads.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
    ];
}
