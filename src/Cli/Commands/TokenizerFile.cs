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
            using var stream = File.OpenRead(file);
            Span<byte> start = stackalloc byte[4];
            if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.SequenceEqual("GGUF"u8))
                return Tokenizers.FromJson(File.ReadAllBytes(file));
            stream.Position = 0;
            return Tokenizers.FromGguf(TokenizerMetadata.Read(stream));
        }
        catch (Exception unread) when (unread is ModelException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException([new Problem("--tokenizer", 0, "", $"{file} cannot be used: {unread.Message} Give a tokenizer.json or a .gguf file.")]);
        }
    }
}
