using System.Runtime.InteropServices;
using System.Text;

namespace Adaptation.Models;

/// <summary>Makes a tokenizer from a GGUF file's metadata, so that it yields what llama.cpp yields.</summary>
/// <remarks>Read from llama.cpp's src/llama-vocab.cpp: which tokens are special, in which order they are found, and what each model type does.</remarks>
internal sealed class GgufTokenizer
{
    private readonly GgufFile _file;
    private readonly string _model;
    private readonly string[] _tokens;
    private readonly Vocabulary _vocabulary;
    private readonly TokenType[] _types;

    private GgufTokenizer(GgufFile gguf)
    {
        _file = gguf;
        _model = Text("tokenizer.ggml.model") ?? throw Missing("tokenizer.ggml.model");
        _tokens = Texts("tokenizer.ggml.tokens") ?? throw Missing("tokenizer.ggml.tokens");
        // llama.cpp gives an empty token a name of its own
        _vocabulary = new([.. _tokens.Select((token, id) => token.Length > 0 ? token : $"[EMPTY_{id}]")]);
        var types = Integers("tokenizer.ggml.token_type") ?? [.. Enumerable.Repeat((int)TokenType.Normal, _tokens.Length)];
        if (types.Length < _tokens.Length)
            throw new ModelException($"the GGUF file has {_tokens.Length} tokens and the types of {types.Length}; get the file again from its publisher");
        _types = GgufSpecials.Types(_vocabulary, types);
    }

    /// <exception cref="ModelException">A key is missing or of another type, or the kind of tokenizer is not supported.</exception>
    public static ITokenizer Make(GgufFile gguf)
    {
        var file = new GgufTokenizer(gguf);
        return file._model switch
        {
            "gpt2" => file.BytePair(),
            "llama" => file.SentencePiece(),
            "t5" => file.Unigram(),
            _ => throw new ModelException($"tokenizer.ggml.model is {file._model}; supported are gpt2, llama and t5"),
        };
    }

    private TextTokenizer BytePair()
    {
        var pre = GgufPreTokenizers.Find(Text("tokenizer.ggml.pre") ?? "default");
        var merges = (Texts("tokenizer.ggml.merges") ?? throw Missing("tokenizer.ggml.merges")).Select(Pair).ToArray();
        var rules = new BytePairRules
        {
            ByteLevel = true,
            IgnoreMerges = pre.IgnoreMerges,
            FirstMergeWins = true,
            MergesBeyondVocabulary = true,
        };
        return Make(new BytePairEncoder(_vocabulary, merges, rules), static text => text, pre.Steps, _vocabulary.ByteLevelBytes, begin: 11, end: 11);
    }

    private TextTokenizer SentencePiece()
    {
        var prefix = Flag("tokenizer.ggml.add_space_prefix") ?? true;
        var encoder = new SentencePieceEncoder(_vocabulary, Scores(), Id("tokenizer.ggml.unknown_token_id") ?? 0);
        return Make(encoder, text => Escape(prefix ? " " + text : text), [], _vocabulary.SentencePieceBytes, begin: 1, end: 2);
    }

    private TextTokenizer Unigram()
    {
        var scores = Scores();
        var known = new double[_tokens.Length];
        for (var id = 0; id < known.Length; id++)
            known[id] = _types[id] switch { TokenType.Normal or TokenType.Unused => scores[id], TokenType.UserDefined => 0, _ => double.NaN };

        var least = Enumerable.Range(0, known.Length).Where(id => _types[id] == TokenType.Normal).Select(id => scores[id]).DefaultIfEmpty(0).Min();
        var encoder = new UnigramEncoder(_vocabulary, known, least, Id("tokenizer.ggml.unknown_token_id") ?? 2, byteFallback: false);
        var map = Bytes("tokenizer.ggml.precompiled_charsmap") is { } bytes ? new CharsMap(bytes) : null;
        var prefix = Flag("tokenizer.ggml.add_space_prefix") ?? false;
        var merge = Flag("tokenizer.ggml.remove_extra_whitespaces") ?? false;
        return Make(encoder, text => Spaced(map?.Normalize(text) ?? text, prefix, merge), [], _vocabulary.SentencePieceBytes, begin: null, end: 1);
    }

    private TextTokenizer Make(
        IPieceEncoder encoder, Func<string, string> normalize, IReadOnlyList<IPreTokenizer> steps, Func<int, byte[]> spell, int? begin, int? end)
    {
        var strip = GgufSpecials.StripsRight(Text("general.name") ?? "");
        var special = Enumerable.Range(0, _tokens.Length)
            .Where(id => _types[id] is TokenType.Control or TokenType.UserDefined or TokenType.Unknown)
            .Select(id => new SpecialToken(id, _vocabulary.Spelling(id), _types[id] != TokenType.UserDefined, StripLeft: false, strip(_tokens[id]), Normalized: false))
            .ToArray();
        var ids = special.ToDictionary(token => token.Spelling, token => token.Id, StringComparer.Ordinal);
        return new(new()
        {
            Vocabulary = _vocabulary,
            Special = new(special, longestFirst: true),
            Normalized = new([], longestFirst: true),
            SpecialIds = ids,
            Normalize = normalize,
            PreTokenizers = steps,
            Encoder = encoder,
            Spell = id => ids.ContainsKey(_vocabulary.Spelling(id)) ? Encoding.UTF8.GetBytes(_vocabulary.Spelling(id)) : spell(id),
            BeginOfText = InVocabulary(Id("tokenizer.ggml.bos_token_id") ?? begin),
            EndOfText = InVocabulary(Id("tokenizer.ggml.eos_token_id") ?? end),
        });
    }

    private int? InVocabulary(int? id) => id is { } known && known < _tokens.Length ? id : null;

    private static string Escape(string text) => text.Replace(' ', '\u2581');

    // Spaces become U+2581; runs of them may become one, and one may go before the first word.
    private static string Spaced(string text, bool prefix, bool merge)
    {
        var spaced = new StringBuilder(text.Length + 1);
        var inWord = false;
        var prefixed = false;
        foreach (var unit in text)
        {
            if (unit == ' ')
            {
                inWord = false;
                if (!merge)
                    spaced.Append('\u2581');
                continue;
            }

            if (!inWord && (merge || prefix && !prefixed))
            {
                spaced.Append('\u2581');
                prefixed = true;
            }

            inWord = true;
            spaced.Append(unit);
        }

        return spaced.ToString();
    }

    // The first space that is not its first character parts the two.
    private static (string Left, string Right) Pair(string merge) =>
        merge.Length > 1 && merge.IndexOf(' ', 1) is > 0 and var space ? (merge[..space], merge[(space + 1)..])
        : throw new ModelException($"tokenizer.ggml.merges holds '{merge}', which is not two symbols with a space between them");

    private float[] Scores()
    {
        var scores = Floats("tokenizer.ggml.scores") ?? throw Missing("tokenizer.ggml.scores");
        return scores.Length >= _tokens.Length ? scores
            : throw new ModelException($"the GGUF file has {_tokens.Length} tokens and the scores of {scores.Length}; get the file again from its publisher");
    }

    private string? Text(string key) => Find(key, array: false, GgufType.String) is { } value ? (string)value.Value : null;

    private string[]? Texts(string key) => Find(key, array: true, GgufType.String) is { } value ? (string[])value.Value : null;

    private float[]? Floats(string key) => Find(key, array: true, GgufType.Float32) is { } value ? (float[])value.Value : null;

    private bool? Flag(string key) => Find(key, array: false, GgufType.Bool) is { } value ? (bool)value.Value : null;

    private int[]? Integers(string key) => Find(key, array: true, GgufType.Int32, GgufType.UInt32) is not { } value ? null
        : value.Type == GgufType.Int32 ? (int[])value.Value : MemoryMarshal.Cast<uint, int>((uint[])value.Value).ToArray();

    private byte[]? Bytes(string key) => Find(key, array: true, GgufType.UInt8, GgufType.Int8) is not { } value ? null
        : value.Type == GgufType.UInt8 ? (byte[])value.Value : MemoryMarshal.Cast<sbyte, byte>((sbyte[])value.Value).ToArray();

    /// <summary>Of any of the integer types: files differ in which they take.</summary>
    private int? Id(string key) => _file.Find(key) is not { } value ? null : value.Value switch
    {
        byte id => id,
        ushort id => id,
        sbyte id and >= 0 => id,
        short id and >= 0 => id,
        int id and >= 0 => id,
        uint id and <= int.MaxValue => (int)id,
        long id and >= 0 and <= int.MaxValue => (int)id,
        ulong id and <= int.MaxValue => (int)id,
        _ => throw Wrong(key, value, $"a token id from 0 to {int.MaxValue}"),
    };

    private GgufValue? Find(string key, bool array, params ReadOnlySpan<GgufType> types) => _file.Find(key) is not { } value ? null
        : value.IsArray == array && types.Contains(value.Type) ? value : throw Wrong(key, value, $"{types[0]}{(array ? "[]" : "")}");

    private static ModelException Wrong(string key, GgufValue value, string wanted)
    {
        var type = value.IsArray ? $"{value.Type}[]" : $"{value.Type}";
        return new($"the GGUF key {key} is {(value.IsArray || value.Type == GgufType.String ? "" : $"{value.Value} ")}of type {type}, not {wanted}");
    }

    private static ModelException Missing(string key) => new($"the GGUF file has no {key}: it holds no tokenizer, or one that is not supported");
}
