using System.Text;

namespace Adaptation.Runner.Tests;

/// <summary>Compares a page with the file beside the tests; <c>ACCEPT=1</c> in the environment rewrites the file instead.</summary>
internal static class ReportGolden
{
    public static void Matches(string name, byte[] page)
    {
        var path = Path.Combine(Root(), "tests", "Runner.Tests", "Report", "golden", name);
        if (Environment.GetEnvironmentVariable("ACCEPT") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, page);
        }

        Assert.Equal(File.ReadAllText(path), Encoding.UTF8.GetString(page));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Adaptation.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException("no folder above the tests holds Adaptation.sln");
        return folder.FullName;
    }
}
