using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Cli;

/// <summary>A tokenizer that a user names by its file.</summary>
internal static class TokenizerFile
{
    /// <param name="file">A tokenizer.json, or a GGUF model, whose metadata hold its tokenizer.</param>
    /// <exception cref="BadInputException">It is neither, is damaged, or cannot be read.</exception>
    public static ITokenizer Open(string file)
    {
        try
        {
            return IsGguf(file) ? Tokenizers.FromGguf(GgufFile.Open(file)) : Tokenizers.FromJson(File.ReadAllBytes(file));
        }
        catch (Exception unread) when (unread is ModelException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem("--tokenizer", 0, "", $"{file} cannot be used: {unread.Message} Give a tokenizer.json or a .gguf file.")]);
        }
    }

    private static bool IsGguf(string file)
    {
        using var stream = File.OpenRead(file);
        Span<byte> start = stackalloc byte[4];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.SequenceEqual("GGUF"u8);
    }
}
