using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Adaptation.Testing.Torch;

/// <summary>Native libraries that tests compile against this machine's torch; kept by the digest of what they are made of, since a compilation takes long.</summary>
internal static class Compiled
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> Done = new(StringComparer.Ordinal);

    /// <summary>The shim as the image of containers/libtorch-cpu compiles it.</summary>
    public static string Shim => Library(Path.Combine(Golden.Root, "src/Adapters/LibTorch/shim"), "adaptation_torch.cpp");

    public static string Library(string folder, string source) => Done.GetOrAdd(source, _ => new(() => Compile(folder, source))).Value;

    private static string Compile(string folder, string source)
    {
        const string Flags = "-std=c++17 -O1 -fPIC -shared -fvisibility=hidden -I/usr/include/torch/csrc/api/include -Wl,--no-as-needed -ltorch -ltorch_cpu -lc10 -ldl";
        var made = string.Concat(Directory.GetFiles(folder).Where(file => Path.GetExtension(file) is ".cpp" or ".h").Order(StringComparer.Ordinal).Select(File.ReadAllText));
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source + Flags + made)))[..16];
        var target = Path.Combine(Directory.CreateDirectory(Path.Combine(Golden.Root, "artifacts/torch-tests", key)).FullName, Path.ChangeExtension(source, ".so"));
        if (File.Exists(target))
            return target;
        var unfinished = $"{target}.{Environment.ProcessId}";
        using var compiler = Process.Start(new ProcessStartInfo("g++", $"{Path.Combine(folder, source)} {Flags} -o {unfinished}") { RedirectStandardError = true, UseShellExecute = false })
            ?? throw new InvalidOperationException("g++ does not start. Debian/Ubuntu: apt-get install g++ libtorch-dev; ./test does so.");
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        if (compiler.ExitCode != 0)
            throw new InvalidOperationException($"g++ refuses {source}; the tests need g++ and libtorch-dev: {errors}");
        File.Move(unfinished, target, overwrite: true);
        return target;
    }
}
