namespace Adaptation.Models;

/// <summary>Which tokens llama.cpp takes for control tokens by their spelling alone, whatever the file says.</summary>
/// <remarks>Read from llama_vocab::impl::load in src/llama-vocab.cpp; a control token is not found in text where spellings do not stand for tokens.</remarks>
internal static class GgufSpecials
{
    private static readonly string[] EndOfGeneration =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>",
        "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
        "<｜end▁of▁sentence｜>", "[e~[",
    ];

    // Of each row llama.cpp makes only one token a control token, the first it meets; real vocabularies hold one of each.
    private static readonly string[] FillInTheMiddle =
    [
        "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>",
        "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>",
        "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>",
        "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]",
        "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
    ];

    // Of gpt-oss: always found, although the file calls them control tokens.
    private static readonly string[] Never = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

    /// <summary>The file's own types, changed by spelling; of the length of the vocabulary.</summary>
    public static TokenType[] Types(Vocabulary vocabulary, ReadOnlySpan<int> types)
    {
        var changed = new TokenType[vocabulary.Size];
        for (var id = 0; id < changed.Length; id++)
            changed[id] = (TokenType)types[id];
        foreach (var spelling in EndOfGeneration.Concat(FillInTheMiddle))
            Set(vocabulary, changed, spelling, TokenType.Control);
        foreach (var spelling in Never)
            Set(vocabulary, changed, spelling, TokenType.UserDefined);
        if (Has(vocabulary, "<|call|>") && Has(vocabulary, "<|return|>") || Has(vocabulary, "<|flush|>") && (Has(vocabulary, "<|call|>") || Has(vocabulary, "<|calls|>")))
            Set(vocabulary, changed, "<|end|>", TokenType.UserDefined);
        return changed;
    }

    /// <summary>Whether a special token takes the white space behind it: in Phi-3 all but three do.</summary>
    /// <param name="modelName">general.name.</param>
    public static Func<string, bool> StripsRight(string modelName) =>
        modelName.Contains("phi-3", StringComparison.OrdinalIgnoreCase) || modelName.Contains("phi3", StringComparison.OrdinalIgnoreCase)
            ? static spelling => spelling is not ("<unk>" or "<s>" or "<|endoftext|>")
            : static _ => false;

    private static bool Has(Vocabulary vocabulary, string spelling) => vocabulary.Find(spelling) is not null;

    private static void Set(Vocabulary vocabulary, TokenType[] types, string spelling, TokenType type)
    {
        if (vocabulary.Find(spelling) is { } id)
            types[id] = type;
    }
}

/// <summary>tokenizer.ggml.token_type.</summary>
internal enum TokenType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,

    /// <summary>Always found in text, whole.</summary>
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
