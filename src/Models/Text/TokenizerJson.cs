using System.Text;
using System.Text.Json;

namespace Adaptation.Models;

/// <summary>Makes a tokenizer from Hugging Face's tokenizer.json, so that it yields what the tokenizers library yields.</summary>
internal sealed class TokenizerJson
{
    private readonly JsonElement _root;
    private readonly JsonElement _model;
    private readonly TokenizerJsonSteps _steps;
    private readonly SpecialToken[] _added;

    private TokenizerJson(JsonElement root)
    {
        _root = root;
        _model = root.Needed("model");
        _steps = new(root);
        _added = [.. root.Optional("added_tokens") is { ValueKind: JsonValueKind.Array } added ? added.EnumerateArray().Select(Added) : []];
    }

    /// <exception cref="ModelException">The file is damaged, or asks for what is not supported.</exception>
    public static ITokenizer Make(ReadOnlyMemory<byte> json, string? beginOfText, string? endOfText)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return new TokenizerJson(document.RootElement).Make(beginOfText, endOfText);
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new ModelException($"tokenizer.json is damaged or of another format: {cause.Message}; get it again from its publisher", cause);
        }
    }

    private TextTokenizer Make(string? beginOfText, string? endOfText)
    {
        var type = _model.Optional("type")?.GetString() ?? (_model.Optional("merges") is null ? "none" : "BPE");
        var (vocabulary, encoder) = type switch
        {
            "BPE" => BytePair(),
            "Unigram" => Unigram(),
            _ => throw new ModelException($"tokenizer.json holds a model of type {type}; supported are BPE and Unigram"),
        };
        var special = _added.ToDictionary(token => token.Id, token => token.Spelling);
        var ids = _added.ToDictionary(token => token.Spelling, token => token.Id, StringComparer.Ordinal);
        return new(new()
        {
            Vocabulary = vocabulary,
            Special = new(_added.Where(token => !token.Normalized), longestFirst: false),
            Normalized = new(_added.Where(token => token.Normalized), longestFirst: false),
            SpecialIds = ids,
            Normalize = _steps.Normalize,
            PreTokenizers = _steps.PreTokenizers,
            Encoder = encoder,
            Spell = id => special.TryGetValue(id, out var spelling) ? Encoding.UTF8.GetBytes(spelling)
                : _steps.IsByteLevel ? vocabulary.ByteLevelBytes(id) : vocabulary.SentencePieceBytes(id),
            BeginOfText = Named(beginOfText, ids) ?? Template(ids, first: true),
            EndOfText = Named(endOfText, ids) ?? Template(ids, first: false),
        });
    }

    private (Vocabulary, IPieceEncoder) BytePair()
    {
        if (_model.Optional("dropout") is { ValueKind: JsonValueKind.Number } dropout && dropout.GetDouble() != 0)
            throw new ModelException($"tokenizer.json asks for a dropout of {dropout.GetDouble()}: its tokens would be random");
        foreach (var affix in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (_model.Optional(affix)?.GetString() is { Length: > 0 } text)
                throw new ModelException($"tokenizer.json has {affix} '{text}', which is not supported");
        }

        var entries = _model.Needed("vocab").EnumerateObject().Select(entry => (entry.Name, entry.Value.GetInt32())).ToArray();
        var vocabulary = WithAdded(entries);
        var unknown = _model.Optional("unk_token")?.GetString();
        var rules = new BytePairRules
        {
            ByteLevel = _steps.IsByteLevel,
            IgnoreMerges = _model.Flag("ignore_merges"),
            ByteFallback = _model.Flag("byte_fallback"),
            FuseUnknown = _model.Flag("fuse_unk"),
            Unknown = unknown is null ? null : vocabulary.Find(unknown) ?? throw new ModelException($"tokenizer.json lacks its own unknown token {unknown}"),
        };
        var merges = _model.Needed("merges").EnumerateArray().Select(Merge).ToArray();
        return (vocabulary, new BytePairEncoder(vocabulary, merges, rules));
    }

    private (Vocabulary, IPieceEncoder) Unigram()
    {
        var entries = _model.Needed("vocab").EnumerateArray().Select((entry, id) => (Spelling: entry[0].GetString()!, Id: id, Score: entry[1].GetDouble())).ToArray();
        if (entries.Length == 0)
            throw new ModelException("tokenizer.json has an empty vocabulary");
        var vocabulary = WithAdded([.. entries.Select(entry => (entry.Spelling, entry.Id))]);
        var scores = new double[vocabulary.Size];
        Array.Fill(scores, double.NaN);
        foreach (var (_, id, score) in entries)
            scores[id] = score;
        var unknown = _model.Optional("unk_id") is { ValueKind: JsonValueKind.Number } id2 ? id2.GetInt32()
            : throw new ModelException("tokenizer.json's unigram model has no unk_id, which is not supported");
        var fallback = _model.Flag("byte_fallback");
        return (vocabulary, new UnigramEncoder(vocabulary, scores, entries.Min(entry => entry.Score), unknown, fallback));
    }

    private Vocabulary WithAdded((string Spelling, int Id)[] entries)
    {
        var all = entries.Concat(_added.Select(token => (token.Spelling, token.Id))).ToArray();
        var most = all.Length == 0 ? -1 : all.Max(entry => entry.Id);
        if (most > 4_000_000 || all.Any(entry => entry.Id < 0))
            throw new ModelException($"tokenizer.json has the token id {(most > 4_000_000 ? most : all.Min(entry => entry.Id))}; supported are 0 to 4000000");
        var spellings = new string?[most + 1];
        foreach (var (spelling, id) in all)
        {
            if (spellings[id] is { } other && other != spelling)
                throw new ModelException($"tokenizer.json gives the id {id} to both '{other}' and '{spelling}'; get it again from its publisher");
            spellings[id] = spelling;
        }

        return new(spellings);
    }

    private static (string Left, string Right) Merge(JsonElement merge)
    {
        if (merge.ValueKind == JsonValueKind.Array)
            return merge.GetArrayLength() == 2 ? (merge[0].GetString()!, merge[1].GetString()!) : throw new FormatException($"the merge {merge} is not a pair");
        var text = merge.GetString()!;
        return text.IndexOf(' ') is > 0 and var space && space == text.LastIndexOf(' ') ? (text[..space], text[(space + 1)..])
            : throw new FormatException($"the merge '{text}' is not two symbols with a space between them");
    }

    private static SpecialToken Added(JsonElement token)
    {
        if (token.Flag("single_word"))
            throw new ModelException($"tokenizer.json's added token {token.Needed("content")} is marked single_word, which is not supported");
        return new(
            token.Needed("id").GetInt32(), token.Needed("content").GetString()!, IsControl: token.Flag("special"),
            token.Flag("lstrip"), token.Flag("rstrip"), token.Flag("normalized"));
    }

    private static int? Named(string? spelling, Dictionary<string, int> ids) => spelling is null ? null
        : ids.TryGetValue(spelling, out var id) ? id
        : throw new ModelException($"the model's configuration names the token '{spelling}', which tokenizer.json does not list under added_tokens");

    // What the post-processor's template puts before or behind a single text.
    private int? Template(Dictionary<string, int> ids, bool first)
    {
        if (_root.Optional("post_processor") is not { } processor)
            return null;
        var parts = processor.Optional("processors") is { ValueKind: JsonValueKind.Array } several ? several.EnumerateArray() : Enumerable.Repeat(processor, 1);
        foreach (var part in parts)
        {
            if (part.Optional("type")?.GetString() != "TemplateProcessing" || part.Optional("single") is not { ValueKind: JsonValueKind.Array } single || single.GetArrayLength() == 0)
                continue;
            if (single[first ? 0 : single.GetArrayLength() - 1].Optional("SpecialToken")?.Needed("id").GetString() is { } spelling && ids.TryGetValue(spelling, out var id))
                return id;
        }

        return null;
    }
}

/// <summary>Reading JSON of which much is optional.</summary>
internal static class JsonReading
{
    /// <summary>A member that is there and not null.</summary>
    public static JsonElement? Optional(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <exception cref="KeyNotFoundException">It is not there.</exception>
    public static JsonElement Needed(this JsonElement element, string name) =>
        element.Optional(name) ?? throw new KeyNotFoundException($"{name} is missing");

    /// <summary>True only where the file says true.</summary>
    public static bool Flag(this JsonElement element, string name) => element.Optional(name)?.ValueKind == JsonValueKind.True;
}
