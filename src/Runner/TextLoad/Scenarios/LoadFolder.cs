using System.Globalization;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Keeps a session in a folder of its own: <c>samples.jsonl</c>, <c>summary.json</c>, <c>report.html</c>.</summary>
public static class LoadFolder
{
    /// <summary>Makes the folder; before anything is measured, so that nothing is measured in vain.</summary>
    /// <exception cref="BrokenEnvironmentException">It cannot be made.</exception>
    public static string Create(string parent, TimeProvider time)
    {
        var stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var random = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(2));
        var folder = Path.Combine(Path.GetFullPath(parent), $"{stamp}-{random}");
        try
        {
            return Directory.CreateDirectory(folder).FullName;
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw new BrokenEnvironmentException($"The folder for this load cannot be made: {denied.Message}. Choose another one with --out.", denied);
        }
    }

    /// <summary>Takes the folder away again if nothing was written to it.</summary>
    public static void RemoveIfEmpty(string folder)
    {
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
            Directory.Delete(folder);
    }

    public static void Write(string folder, LoadSessionResult result)
    {
        using (var samples = new FileStream(Path.Combine(folder, "samples.jsonl"), FileMode.CreateNew))
        {
            foreach (var line in result.Points.SelectMany(LoadSummary.Lines))
            {
                samples.Write(line);
                samples.WriteByte((byte)'\n');
            }
        }

        RunDirectory.WriteWhole(Path.Combine(folder, "summary.json"), [.. LoadSummary.Write(result), (byte)'\n']);
        RunDirectory.WriteWhole(Path.Combine(folder, "report.html"), LoadPage.Render(result));
    }
}
