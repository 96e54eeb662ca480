using System.Globalization;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Where the files of one run lie. Everything below <see cref="Evidence"/> is covered by the manifest; the rest is derived from it.</summary>
public sealed record RunDirectory(string Path)
{
    public string Id => System.IO.Path.GetFileName(Path);

    public string Evidence => System.IO.Path.Combine(Path, "evidence");

    public string Manifest => System.IO.Path.Combine(Path, "evidence.manifest");

    public string Certificate => System.IO.Path.Combine(Path, "certificate.dsse.json");

    public string Report => System.IO.Path.Combine(Path, "report.html");

    public string Journal => InEvidence("run/events.jsonl");

    public string Session => InEvidence("run/session.json");

    /// <summary>What the user asked for; of no weight in evidence, because plan and lock say what became of it.</summary>
    public string Request => System.IO.Path.Combine(Path, "request.json");

    public string Plan => InEvidence("plan.json");

    public string Lock => InEvidence("combination.lock");

    public string LockAfter => InEvidence("lock-after.json");

    public string Verdicts => InEvidence("verdicts.json");

    /// <param name="path">As the evidence manifest spells it.</param>
    public string InEvidence(string path) => System.IO.Path.Combine(Evidence, path);

    /// <summary>Keeps an answer whole below <c>outputs/</c>; equal answers are one file, named by what it holds.</summary>
    /// <returns>Its path in the evidence.</returns>
    public string KeepAnswer(string folder, ReadOnlySpan<byte> answer)
    {
        var path = $"outputs/{folder}/{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(answer))[..32]}.bin";
        var file = InEvidence(path);
        if (!File.Exists(file))
            WriteWhole(file, answer);
        return path;
    }

    /// <summary>Makes the folder of a new run; its name sorts by time and cannot be guessed.</summary>
    /// <exception cref="BrokenEnvironmentException">The folder cannot be made.</exception>
    public static RunDirectory Create(string runs, TimeProvider time)
    {
        var stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var random = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(3));
        var directory = new RunDirectory(System.IO.Path.Combine(System.IO.Path.GetFullPath(runs), $"{stamp}-{random}"));
        try
        {
            foreach (var folder in (ReadOnlySpan<string>)["run", "measurements", "outputs", "golden"])
                Directory.CreateDirectory(directory.InEvidence(folder));
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw new BrokenEnvironmentException($"The folder for this run cannot be made: {denied.Message.TrimEnd('.')}. Choose another one with --runs.", denied);
        }

        return directory;
    }

    /// <returns>Empty where there is no such file: no file of a run is.</returns>
    public static ReadOnlySpan<byte> TryRead(string path) => File.Exists(path) ? File.ReadAllBytes(path) : [];

    /// <summary>Writes a file whole or not at all, and on the disk before it returns.</summary>
    public static void WriteWhole(string path, ReadOnlySpan<byte> bytes) => WholeFile.WriteAlone(path, bytes);
}
