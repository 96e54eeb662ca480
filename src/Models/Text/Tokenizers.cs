namespace Adaptation.Models;

/// <summary>The runner's own tokenizers, made from what a model's publisher ships.</summary>
public static class Tokenizers
{
    /// <summary>From Hugging Face's tokenizer.json: byte-pair encoding (byte-level or with bytes as a last resort) and unigram models.</summary>
    /// <param name="beginOfText">Spelling of the token as the model's configuration gives it; null: what the file's own template puts first, if it does.</param>
    /// <param name="endOfText">The same for the end.</param>
    /// <exception cref="ModelException">The file is damaged, or asks for what is not supported; the message names it.</exception>
    public static ITokenizer FromJson(ReadOnlyMemory<byte> tokenizerJson, string? beginOfText = null, string? endOfText = null) =>
        TokenizerJson.Make(tokenizerJson, beginOfText, endOfText);

    /// <summary>From the metadata of a GGUF file (tokenizer.ggml.model gpt2, llama or t5): yields what llama.cpp yields.</summary>
    /// <exception cref="ModelException">A key is missing or of another type, or the kind of tokenizer is not supported; the message names it.</exception>
    public static ITokenizer FromGguf(GgufFile file) => GgufTokenizer.Make(file);
}
