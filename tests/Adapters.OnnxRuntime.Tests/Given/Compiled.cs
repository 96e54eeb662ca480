using System.Collections.Concurrent;
using System.Diagnostics;

namespace Adaptation.Adapters.OnnxRuntime.Tests;

/// <summary>Native libraries that tests compile: each once per run.</summary>
internal static class Compiled
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> Done = new(StringComparer.Ordinal);

    public static string PluginProvider => Library("plugin_provider.cc", "");

    /// <summary>An engine whose newest API version is the given one.</summary>
    public static string OldEngine(int newest) => Library("old_engine.cc", $"-DNEWEST={newest}");

    private static string Library(string source, string define) =>
        Done.GetOrAdd(source + define, _ => new(() => Compile(source, define))).Value;

    private static string Compile(string source, string define)
    {
        var target = Path.Combine(Directory.CreateTempSubdirectory("adaptation-").FullName, Path.ChangeExtension(source, ".so"));
        var start = new ProcessStartInfo("g++", $"-std=c++17 -O1 -fPIC -shared {define} -o {target} {Path.Combine(AppContext.BaseDirectory, "Native", source)} -ldl")
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using var compiler = Process.Start(start) ?? throw new InvalidOperationException("g++ does not start. Install it; the tests need it.");
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? target : throw new InvalidOperationException($"g++ refuses {source}: {errors}");
    }
}
