using System.Runtime.CompilerServices;

namespace Adaptation.Testing;

/// <summary>Compares what people read, send or sign with a file beside the test; <c>ACCEPT=1</c> rewrites the file.</summary>
public static class Golden
{
    /// <summary>The root of the repository that this test was built in.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Compares a text, line ends as LF, with the file <c>golden/NAME</c> beside the calling test.</summary>
    /// <exception cref="GoldenMismatchException">They differ, or the file is missing.</exception>
    public static void Match(string name, string actual, [CallerFilePath] string test = "")
    {
        var (path, text) = (PathOf(name, test), actual.ReplaceLineEndings("\n"));
        if (Accepts(path, () => File.WriteAllText(path, text)))
            return;
        var expected = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        if (expected != text)
            throw new GoldenMismatchException(path, FirstDifference(expected, text));
    }

    /// <summary>Compares bytes with the file <c>golden/NAME</c> beside the calling test.</summary>
    /// <exception cref="GoldenMismatchException">They differ, or the file is missing.</exception>
    public static void Match(string name, ReadOnlySpan<byte> actual, [CallerFilePath] string test = "")
    {
        var (path, bytes) = (PathOf(name, test), actual.ToArray());
        if (Accepts(path, () => File.WriteAllBytes(path, bytes)))
            return;
        var expected = File.Exists(path) ? File.ReadAllBytes(path) : [];
        if (!actual.SequenceEqual(expected))
            throw new GoldenMismatchException(path, $"{bytes.Length} bytes, expected {expected.Length}; the first difference is at offset {actual.CommonPrefixLength(expected)}");
    }

    private static bool Accepts(string path, Action write)
    {
        if (Environment.GetEnvironmentVariable("ACCEPT") != "1")
            return false;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        write();
        return true;
    }

    private static string FirstDifference(string expected, string actual)
    {
        var (wanted, seen) = (expected.Split('\n'), actual.Split('\n'));
        var line = wanted.AsSpan().CommonPrefixLength(seen);
        return $"line {line + 1} is '{seen.ElementAtOrDefault(line)}', expected '{wanted.ElementAtOrDefault(line)}'";
    }

    // The build maps the repository's root to /, so the compiler hands us a path relative to it.
    private static string PathOf(string name, string test) =>
        Path.Combine(Root, Path.GetDirectoryName(test)!.Replace('\\', '/').TrimStart('/'), "golden", name);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Adaptation.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"no folder above {AppContext.BaseDirectory} holds Adaptation.sln");
    }
}

/// <summary>What a test produced is not what the golden file says.</summary>
public sealed class GoldenMismatchException(string path, string difference)
    : Exception($"{path}: {difference}. If the new text is right, run again with ACCEPT=1 and review the change.");
