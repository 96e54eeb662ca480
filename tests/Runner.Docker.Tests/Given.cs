using System.Collections.Immutable;
using System.Text;

namespace Adaptation.Runner.Docker.Tests;

internal static class Given
{
    public static readonly DockerDaemonSpec NoSystemDaemon = new() { SystemSocket = "/nonexistent/docker.sock" };

    public static readonly ContainerSpec Container = new()
    {
        RunId = "run-1",
        Owner = "boot:1:2",
        Image = new ContainerImage("adaptation/echo:1", $"sha256:{new string('a', 64)}", $"sha256:{new string('b', 64)}"),
        MemoryBytes = 64 * 1024 * 1024,
        CpuMillis = 1500,
        Pids = 32,
    };

    public static readonly IProgress<string> NoOutput = new Reporter(_ => { });

    public static DockerMachine Machine(string folder) =>
        new() { StateFolder = folder, Announce = _ => { }, Time = TimeProvider.System };

    /// <summary>Reports at once, on the caller's thread, unlike <see cref="Progress{T}"/>.</summary>
    public sealed class Reporter(Action<string> report) : IProgress<string>
    {
        public void Report(string value) => report(value);
    }

    /// <summary>A folder that goes away with the test; its name is short because sockets lie in it.</summary>
    public sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("adt").FullName;

        public string File(string name, string content)
        {
            var path = System.IO.Path.Combine(Path, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            System.IO.File.WriteAllText(path, content);
            return path;
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    public static ImageSpec Image(Folder folder, string dockerfile, string baseImage, params (string Path, string Source)[] files)
    {
        folder.File("image/Dockerfile", dockerfile);
        return new ImageSpec("test", System.IO.Path.Combine(folder.Path, "image"), baseImage,
            files.ToImmutableSortedDictionary(file => file.Path, file => file.Source, StringComparer.Ordinal));
    }

    public static async Task<string> ReadAllAsync(this IContainer container, CancellationToken cancellationToken)
    {
        var all = new StringBuilder();
        await foreach (var chunk in container.LogAsync(cancellationToken))
            all.Append(Encoding.UTF8.GetString(chunk.Span));
        return all.ToString();
    }

    /// <summary>Waits for the state that a test is about; the test's own limit ends a wait in vain.</summary>
    public static async Task<ContainerState> UntilAsync(this IContainer container, Predicate<ContainerState> wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            var state = await container.InspectAsync(cancellationToken);
            if (wanted(state))
                return state;
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }
    }
}
