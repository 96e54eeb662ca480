using System.Security.Cryptography;
using System.Text;
using Adaptation.Core;
using YamlDotNet.RepresentationModel;

namespace Adaptation.Runner;

/// <summary>Reads one YAML file into <see cref="YamlMap"/>s. This file, <see cref="YamlScan"/> and <see cref="YamlMap"/> alone know the YAML package.</summary>
internal static class Yaml
{
    private const int MaxBytes = 4 << 20, PartBytes = 1 << 15;
    private const char ByteOrderMark = '\uFEFF'; // Windows' editors put it first; it does not show
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the top mapping, or reports why there is none.</summary>
    /// <param name="shownAs">The file as the user knows it.</param>
    /// <param name="sha256">Of exactly the bytes that were parsed, lowercase hex.</param>
    /// <returns>Null when <paramref name="problems"/> says why.</returns>
    public static YamlMap? TryRead(string path, string shownAs, ICollection<Problem> problems, out string sha256)
    {
        sha256 = "";
        try
        {
            var bytes = ReadBounded(path);
            sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
            return Parse(Strict.GetString(bytes).TrimStart(ByteOrderMark), shownAs, problems);
        }
        catch (DecoderFallbackException)
        {
            problems.Add(new(shownAs, 0, "", "is not UTF-8; save it as UTF-8"));
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            problems.Add(new(shownAs, 0, "", $"cannot be read: {unread.Message}"));
        }

        return null;
    }

    private static YamlMap? Parse(string text, string shownAs, ICollection<Problem> problems)
    {
        var scan = new YamlScan(text, shownAs);
        if (scan.FindProblem() is { } problem)
        {
            problems.Add(problem);
            return null;
        }

        var stream = new YamlStream();
        if (scan.Guard(() => stream.Load(new StringReader(text))) is { } accident)
            problems.Add(accident);
        else if (stream.Documents is [{ RootNode: YamlMappingNode root }])
            return new YamlMap(shownAs, "", root, problems);
        else
            problems.Add(new(shownAs, 1, "", $"{(stream.Documents.Count switch { 0 => "is empty; ", 1 => "", _ => "holds several documents, and each `---` begins one; " })}expected one YAML document that is a mapping"));
        return null;
    }

    /// <summary>The length that the file system states is not relied on: of a device it is 0.</summary>
    private static byte[] ReadBounded(string path)
    {
        using var file = File.OpenRead(path);
        using var content = new MemoryStream();
        var part = new byte[PartBytes];
        for (int read; content.Length <= MaxBytes && (read = file.Read(part)) > 0;)
            content.Write(part, 0, read);
        return content.Length <= MaxBytes ? content.ToArray() : throw new InvalidDataException($"it is larger than {MaxBytes >> 20} MiB");
    }
}
