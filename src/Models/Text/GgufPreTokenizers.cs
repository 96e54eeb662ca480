namespace Adaptation.Models;

/// <summary>How llama.cpp cuts text before byte-pair encoding, by the name in tokenizer.ggml.pre.</summary>
/// <remarks>
/// Read from llm_tokenizer_bpe and llama_vocab::impl::load in src/llama-vocab.cpp. Several expressions apply one after the other, each within the
/// pieces of the one before. llama.cpp takes every kind of letter (Lu, Lo and so on) for \p{L}, and so does this table; what its own code matches
/// without an expression is written as one here.
/// </remarks>
internal static class GgufPreTokenizers
{
    private const string Contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string Spaces = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Words = @"[^\r\n\p{L}\p{N}]?\p{L}+";
    private const string Rest = @" ?[^\s\p{L}\p{N}]+[\r\n]*|" + Spaces;
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
    private const string Llama3 = Contractions + "|" + Words + @"|\p{N}{1,3}|" + Rest;
    private const string Qwen2 = Contractions + "|" + Words + @"|\p{N}|" + Rest;
    private const string UpperLower = @"[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]*[\p{L}&&[^A-Z]]+TAIL|[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]+[\p{L}&&[^A-Z]]*TAIL";
    private const string SlashRest = @" ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Spaces;
    private const string Cjk = "[一-龥\u3040-ゟ゠-ヿ]+";
    private const string Marked = @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+";
    private const string CodeIdeographs = "[一-龥ࠀ-一가-\uD7FF]+";
    private const string Poro = @" ?[^(\s|.,!?…。，、।۔،)]+";

    // As llama.cpp draws it, which is not the script.
    private const string Han =
        @"\u4E00-\u9FFF\u3400-\u4DBF\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F}\x{2B820}-\x{2CEAF}\x{2CEB0}-\x{2EBEF}\uF900-\uFAFF\x{2F800}-\x{2FA1F}";

    // Letters of scripts with case, as deepseek-llm's tokenizer.json lists them.
    private const string CasedLetters =
        "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1F7Dᾀ-ᾴᾶ-ᾼ\u1FBEῂ-ῄῆ-ῌῐ-\u1FD3ῖ-\u1FDBῠ-Ῥῲ-ῴῶ-ῼ"
        + "ℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212A-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃";

    private static readonly Dictionary<string, (bool IgnoreMerges, string[] Expressions)> Known = Table();

    /// <exception cref="ModelException">The name is not known.</exception>
    public static (bool IgnoreMerges, IReadOnlyList<IPreTokenizer> Steps) Find(string name) =>
        Known.TryGetValue(name, out var found)
            ? (found.IgnoreMerges, [.. found.Expressions.Select(expression => new SplitStep(Pattern.Parse(expression, foldSpaces: true), SplitBehavior.Isolated, invert: false))])
            : throw new ModelException($"tokenizer.ggml.pre is {name}, which is not supported; supported are {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}");

    private static Dictionary<string, (bool, string[])> Table()
    {
        var table = new Dictionary<string, (bool, string[])>(StringComparer.Ordinal);
        void Add(string names, bool ignoreMerges, params string[] expressions)
        {
            foreach (var name in names.Split(' '))
                table.Add(name, (ignoreMerges, expressions));
        }

        Add("default", false, @"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]");
        Add("llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano", true, Llama3);
        Add("dbrx smaug-bpe chatglm-bpe glm4", false, Llama3);
        Add("qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2", false, Qwen2);
        Add("qwen35", false, Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Spaces);
        Add("deepseek-llm", false, "[\r\n]", $@"\s?[{CasedLetters}]+", @"\s?[!-/:-~！-／：-～‘-‟　-。]+", @"\s+$", CodeIdeographs, @"\p{N}+");
        Add("deepseek-coder", false, "[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", CodeIdeographs, @"\p{N}");
        Add("deepseek-v3 hunyuan-dense joyai-llm hy_v4", false, @"\p{N}{1,3}", Cjk, Marked + @"| ?[\p{P}\p{S}]+[\r\n]*|" + Spaces);
        Add("spark2_5", false, @"\p{N}{1,3}", Cjk, Marked + @"| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+", @"\p{N}");
        Add("youtu", true, "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|" + Cjk, Youtu());
        Add("falcon", false, @"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]");
        Add("starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", false, @"\p{N}", Gpt2);
        Add("gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert", false, Gpt2);
        Add("jina-v1-en jina-v2-code roberta-bpe mpt olmo jais trillion granite-docling exaone4", false, Gpt2);
        Add("poro-chat bloom gpt3-finnish", false, Poro);
        Add("viking", false, Poro, @"\p{N}");
        Add("tekken", true, UpperLower.Replace("TAIL", "") + @"|\p{N}|" + SlashRest);
        Add("gpt-4o llama4 kanana2 talkie minimax-m2", false, UpperLower.Replace("TAIL", Contractions + "?") + @"|\p{N}{1,3}|" + SlashRest);
        Add("kimi-k2", false, $@"[{Han}]+|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}&&[^{Han}]]+{Contractions}?|\p{{N}}{{1,3}}|" + Rest);
        Add("bailingmoe bailingmoe2 llada-moe", false,
            @"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|" + Words + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+");
        Add("seed-coder", false, Contractions + "|" + Words + @"|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|" + Spaces);
        Add("ufakzeka", false, Words + @"|\p{N}|" + Rest);
        Add("laguna", false, @"[^\n]+|[\n]+", Qwen2);
        Add("minicpm5", true, @"\p{N}{1,3}", Contractions + "|" + Words + @"|\p{N}+|" + Rest);
        return table;
    }

    private static string Youtu()
    {
        const string Mixed = @"[\p{L}\p{M}]";
        const string Before = @"[^\r\n\p{L}\p{N}]?";
        return $@"{Before}{Mixed}*{Mixed}+{Contractions}?|{Before}{Mixed}+{Mixed}*{Contractions}?|\p{{N}}|" + SlashRest;
    }
}
