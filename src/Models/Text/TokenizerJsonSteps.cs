using System.Text.Json;

namespace Adaptation.Models;

/// <summary>The normalizer and the pre-tokenizers of a tokenizer.json.</summary>
internal sealed class TokenizerJsonSteps
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private readonly List<Func<string, string>> _normalizers = [];
    private readonly List<IPreTokenizer> _preTokenizers = [];

    /// <exception cref="ModelException">It asks for what is not supported.</exception>
    public TokenizerJsonSteps(JsonElement root)
    {
        if (root.Optional("normalizer") is { } normalizer)
            AddNormalizer(normalizer);
        if (root.Optional("pre_tokenizer") is { } preTokenizer)
            AddPreTokenizer(preTokenizer);
    }

    /// <summary>Whether the vocabulary is spelled in <see cref="ByteLevel"/>.</summary>
    public bool IsByteLevel { get; private set; }

    public IReadOnlyList<IPreTokenizer> PreTokenizers => _preTokenizers;

    public string Normalize(string text) => _normalizers.Aggregate(text, (changed, normalizer) => normalizer(changed));

    private void AddNormalizer(JsonElement step)
    {
        var type = Type(step);
        switch (type)
        {
            case "Sequence":
                foreach (var inner in step.Needed("normalizers").EnumerateArray())
                    AddNormalizer(inner);
                break;
            case "NFC" or "NFD" or "NFKC" or "NFKD":
                var form = Enum.Parse<UnicodeForm>(type, ignoreCase: true);
                _normalizers.Add(text => UnicodeNormalization.Normalize(text, form));
                break;
            case "Prepend":
                var prefix = step.Needed("prepend").GetString()!;
                _normalizers.Add(text => text.Length == 0 ? text : prefix + text);
                break;
            case "Replace":
                AddReplace(step.Needed("pattern"), step.Needed("content").GetString()!);
                break;
            default:
                throw new ModelException($"tokenizer.json's normalizer {type} is not supported; supported are Sequence, NFC, NFD, NFKC, NFKD, Prepend and Replace");
        }
    }

    private void AddReplace(JsonElement pattern, string content)
    {
        if (pattern.Optional("String")?.GetString() is { Length: > 0 } text)
        {
            _normalizers.Add(given => given.Replace(text, content, StringComparison.Ordinal));
            return;
        }

        var expression = Pattern.Parse(pattern.Needed("Regex").GetString()!, foldSpaces: false);
        _normalizers.Add(given =>
        {
            var replaced = new System.Text.StringBuilder(given.Length);
            var at = 0;
            while (expression.Find(given, at) is { Start: >= 0 } found)
            {
                replaced.Append(given, at, found.Start - at).Append(content);
                at = found.End;
            }

            return replaced.Append(given, at, given.Length - at).ToString();
        });
    }

    private void AddPreTokenizer(JsonElement step)
    {
        var type = Type(step);
        if (IsByteLevel && type != "Sequence")
            throw new ModelException($"tokenizer.json's pre-tokenizer {type} comes after ByteLevel, which is not supported");
        switch (type)
        {
            case "Sequence":
                foreach (var inner in step.Needed("pretokenizers").EnumerateArray())
                    AddPreTokenizer(inner);
                break;
            case "ByteLevel":
                IsByteLevel = true;
                if (step.Flag("add_prefix_space"))
                    _preTokenizers.Add(new PrefixSpaceStep());
                if (step.Optional("use_regex")?.ValueKind != JsonValueKind.False) // as in files from before there was that switch
                    AddSplit(Gpt2, SplitBehavior.Isolated, invert: false);
                break;
            case "Split":
                AddSplit(SplitExpression(step.Needed("pattern")), Behavior(step), step.Flag("invert"));
                break;
            case "Digits":
                AddSplit(step.Flag("individual_digits") ? @"\p{N}" : @"\p{N}+", SplitBehavior.Isolated, invert: false);
                break;
            case "Punctuation":
                AddSplit(@"[\p{P}$+<=>^`|~]", step.Optional("behavior") is null ? SplitBehavior.Isolated : Behavior(step), invert: false);
                break;
            case "WhitespaceSplit":
                AddSplit(@"\s+", SplitBehavior.Removed, invert: false);
                break;
            case "Metaspace":
                _preTokenizers.Add(Metaspace(step));
                break;
            default:
                throw new ModelException($"tokenizer.json's pre-tokenizer {type} is not supported; supported are "
                    + "Sequence, ByteLevel, Split, Digits, Punctuation, WhitespaceSplit and Metaspace");
        }
    }

    private void AddSplit(string expression, SplitBehavior behavior, bool invert) =>
        _preTokenizers.Add(new SplitStep(Pattern.Parse(expression, foldSpaces: false), behavior, invert));

    private static string SplitExpression(JsonElement pattern) =>
        pattern.Optional("String")?.GetString() is { } literal
            ? string.Concat(literal.Select(unit => char.IsAscii(unit) && !char.IsAsciiLetterOrDigit(unit) ? $"\\x{(int)unit:X2}" : unit.ToString()))
            : pattern.Needed("Regex").GetString()!;

    private static MetaspaceStep Metaspace(JsonElement step)
    {
        var replacement = step.Optional("replacement")?.GetString() ?? "\u2581";
        var scheme = step.Optional("prepend_scheme")?.GetString() ?? (step.Optional("add_prefix_space")?.ValueKind == JsonValueKind.False ? "never" : "always");
        if (replacement.Length != 1 || !Enum.TryParse<MetaspacePrefix>(scheme, ignoreCase: true, out var prefix))
            throw new ModelException($"tokenizer.json's Metaspace with replacement '{replacement}' and prepend_scheme {scheme} is not supported");
        return new(replacement[0], prefix, step.Optional("split")?.ValueKind != JsonValueKind.False);
    }

    private static SplitBehavior Behavior(JsonElement step) =>
        Enum.TryParse<SplitBehavior>(step.Needed("behavior").GetString(), ignoreCase: false, out var behavior) ? behavior
        : throw new ModelException($"tokenizer.json's split behaviour {step.Needed("behavior")} is not supported");

    private static string Type(JsonElement step) => step.Needed("type").GetString()!;
}
