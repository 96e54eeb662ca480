using Adaptation.Testing;

namespace Adaptation.Architecture;

/// <summary>The files of the repository as they are written; nothing that a build made.</summary>
internal static class Sources
{
    private static readonly string[] Made = ["artifacts", "runs", "obj", "bin", ".git", "shared", "TestResults"];

    public static IEnumerable<string> Under(string folder, string pattern) => Walk(new DirectoryInfo(Path.Combine(Golden.Root, folder)), pattern);

    public static string Shown(string file) => Path.GetRelativePath(Golden.Root, file);

    private static IEnumerable<string> Walk(DirectoryInfo folder, string pattern) =>
        folder.EnumerateFiles(pattern).Where(file => file.LinkTarget is null && file.Name != ".git").Select(file => file.FullName).Concat(
            folder.EnumerateDirectories().Where(inner => inner.LinkTarget is null && !Made.Contains(inner.Name)).SelectMany(inner => Walk(inner, pattern)));
}
