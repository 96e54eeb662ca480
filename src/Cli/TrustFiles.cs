using System.CommandLine;
using Adaptation.Certificates;
using Adaptation.Core;

namespace Adaptation.Cli;

/// <summary>Files that users name: bounded, and with a problem in their words where one cannot be used.</summary>
internal static class TrustFiles
{
    private const int MaxRead = 4 << 20;
    private const string Certificate = "certificate.dsse.json";

    public static Option<string[]> Option(string description) => new("--trust") { Description = description, HelpName = "FILE", AllowMultipleArgumentsPerToken = false };

    /// <summary>The keys of all files together.</summary>
    /// <exception cref="BadInputException">A file is missing or malformed, or two of them contradict each other.</exception>
    public static TrustStore Read(IReadOnlyCollection<string> files)
    {
        try
        {
            // the same record may stand in several files; two that differ are a contradiction
            return TrustStore.Of([.. files.Select(ReadOne).SelectMany(trust => trust.Keys).DistinctBy(key => Convert.ToBase64String(TrustStore.Of(key).Write()), StringComparer.Ordinal)]);
        }
        catch (RejectedException contradiction)
        {
            throw new BadInputException([new Problem(string.Join(", ", files), 0, "--trust", contradiction.Message)]);
        }
    }

    public static byte[] ReadFile(string file, string what)
    {
        if (Directory.Exists(file))
            throw new BadInputException([new Problem(file, 0, "", File.Exists(Path.Combine(file, Certificate)) ? $"is a folder; give {Path.Combine(file, Certificate)}" : $"is a folder; {what} is a file")]);
        if (!File.Exists(file))
            throw new BadInputException([new Problem(file, 0, "", $"{what} cannot be read: there is no such file")]);
        try
        {
            // more than the largest that can be valid: the verifier says what is wrong with it
            using var stream = File.OpenRead(file);
            var bytes = new byte[MaxRead + 1];
            var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read > MaxRead
                ? throw new BadInputException([new Problem(file, 0, "", $"has more than {MaxRead} bytes; {what} has at most 1 MiB")])
                : bytes[..read];
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem(file, 0, "", $"{what} cannot be read: {unread.Message}")]);
        }
    }

    private static TrustStore ReadOne(string file)
    {
        if (!Path.Exists(file))
            throw new BadInputException([new Problem(file, 0, "--trust", "there is no such file, and so no trusted keys: give the issuer's trust file with --trust FILE, obtained from the issuer and not from beside the certificate")]);
        try
        {
            return TrustStore.Read(ReadFile(file, "the trust file"));
        }
        catch (RejectedException malformed)
        {
            throw new BadInputException([new Problem(file, 0, "--trust", malformed.Message)]);
        }
    }
}
