using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <param name="Body">As the request carries it: a text, or token ids.</param>
/// <param name="Ids">What it becomes, by the publisher's own files.</param>
internal sealed record AuditPrompt(JsonNode Body, ImmutableArray<int> Ids);

/// <summary>Prompts that nobody can have seen before a seed was drawn, like published ones in kind: those, with a third of their letters changed.</summary>
/// <remarks>A model without a vocabulary that anyone writes in gets token ids, changed likewise.</remarks>
internal sealed class AuditPrompts
{
    private const int LeastLetters = 2;
    private const int IdsOfDocument = 12;
    private readonly TextModelView? _model;
    private readonly int _vocabulary;
    private readonly long _seed;
    private readonly ImmutableArray<(string Before, string Changeable, string After)> _texts;
    private readonly ImmutableArray<ImmutableArray<int>> _documents;
    private readonly ImmutableArray<Rune> _letters;
    private readonly HashSet<string> _given = new(StringComparer.Ordinal);
    private int _draw;

    /// <param name="model">Null for a model of drawn weights, whose prompts are ids.</param>
    /// <param name="published">The pack's prompts file; null without one.</param>
    public AuditPrompts(TextModelView? model, string? published, TextGolden golden, long seed)
    {
        (_model, _vocabulary, _seed) = (model, golden.VocabularySize, seed);
        _texts = model is null || published is null ? [] : Read(published);
        _documents = [.. golden.Documents.Select(document => document.Tokens[..Math.Min(IdsOfDocument, document.Tokens.Length)])];
        _letters = [.. _texts.SelectMany(text => text.Changeable.EnumerateRunes()).Where(Rune.IsLetter)];
        Published = _texts.IsEmpty
            ? [.. _documents.Select(ids => OfIds(ids))]
            : [.. _texts.Select(text => OfText(text.Before + text.Changeable + text.After))];
        foreach (var prompt in Published)
            _given.Add(prompt.Body.ToJsonString());
    }

    /// <summary>As they were published.</summary>
    public ImmutableArray<AuditPrompt> Published { get; }

    /// <summary>A prompt that was not handed out before.</summary>
    public AuditPrompt Fresh()
    {
        while (true)
        {
            var prompt = Change(Next(Published.Length));
            if (_given.Add(prompt.Body.ToJsonString()))
                return prompt;
        }
    }

    /// <summary>A published prompt with a third of it changed.</summary>
    public AuditPrompt Change(int published)
    {
        if (_texts.IsEmpty)
            return OfIds([.. _documents[published].Select(id => Next(3) == 0 ? Next(_vocabulary) : id)]);
        var (before, changeable, after) = _texts[published];
        return OfText(before + Changed(changeable) + after);
    }

    /// <summary>A prompt of so many tokens, or a few less.</summary>
    public AuditPrompt Long(int tokens)
    {
        if (_texts.IsEmpty)
            return OfIds([.. Enumerable.Range(0, tokens).Select(_ => Next(_vocabulary))]);
        var text = "";
        while (true)
        {
            var longer = $"{text}{Changed(_texts[Next(_texts.Length)].Changeable).TrimEnd('\n')}\n";
            var prompt = OfText(longer);
            if (prompt.Ids.Length > tokens)
                return OfText(text.Length > 0 ? text : Changed(_texts[0].Changeable));
            text = longer;
        }
    }

    private string Changed(string text)
    {
        var runes = text.EnumerateRunes().ToArray();
        int[] places = [.. Enumerable.Range(0, runes.Length).Where(at => Rune.IsLetter(runes[at]))];
        for (var changes = Math.Max(LeastLetters, places.Length / 3); changes > 0 && places.Length > 0; changes--)
            runes[places[Next(places.Length)]] = _letters[Next(_letters.Length)];
        return string.Concat(runes);
    }

    private AuditPrompt OfText(string text) => new(JsonValue.Create(text), _model!.Prompt(text));

    private static AuditPrompt OfIds(ImmutableArray<int> ids) => new(new JsonArray([.. ids.Select(id => (JsonNode)id)]), ids);

    private int Next(int below) => (int)(PoissonSchedule.Uniform(_seed, _draw++) * below);

    /// <summary>Of a conversation only what its user says is changed: the template around it is the model's own.</summary>
    private static ImmutableArray<(string Before, string Changeable, string After)> Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
        var read = ImmutableArray.CreateBuilder<(string, string, string)>();
        foreach (var entry in document.RootElement.GetProperty("prompts").EnumerateArray())
        {
            var text = entry.GetProperty("text").GetString()!;
            var content = entry.TryGetProperty("messages", out var messages) ? messages[messages.GetArrayLength() - 1].GetProperty("content").GetString()! : text;
            var at = text.LastIndexOf(content, StringComparison.Ordinal);
            if (at >= 0 && content.EnumerateRunes().Any(Rune.IsLetter))
                read.Add((text[..at], content, text[(at + content.Length)..]));
        }

        return read.ToImmutable();
    }
}
