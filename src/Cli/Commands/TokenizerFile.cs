using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Cli;

/// <summary>Opens the tokenizer that a user names: a tokenizer.json, or a GGUF file that carries one.</summary>
internal static class TokenizerFile
{
    private const long MostJson = 64 << 20;

    /// <exception cref="BadInputException">There is no such file, or it holds no tokenizer that is supported.</exception>
    public static ITokenizer Open(string path)
    {
        try
        {
            if (!IsGguf(path))
                return new FileInfo(path).Length <= MostJson ? Tokenizers.FromJson(File.ReadAllBytes(path)) : throw new ModelException($"it has more than {MostJson >> 20} MiB");
            return Tokenizers.FromGguf(GgufFile.Open(path).Metadata.ToDictionary(entry => entry.Key, entry => entry.Value.Value, StringComparer.Ordinal));
        }
        catch (Exception unread) when (unread is ModelException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem(path, 0, "", $"cannot be used as a tokenizer: {unread.Message}")]);
        }
    }

    private static bool IsGguf(string path)
    {
        Span<byte> magic = stackalloc byte[4];
        using var file = File.OpenRead(path);
        var read = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        return magic[..read].SequenceEqual("GGUF"u8);
    }
}
