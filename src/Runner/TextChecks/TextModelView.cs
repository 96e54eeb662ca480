using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>A language model as its publisher's own files tell it: what requests must become, whatever a server says. Safe for concurrent use.</summary>
/// <param name="Context">Most positions of one sequence.</param>
/// <param name="Begin">Spelling of the token that begins texts, for the template; null if the model has none.</param>
/// <param name="End">The same for the end.</param>
internal sealed record TextModelView(ITokenizer Tokenizer, ChatTemplate Template, int Context, string? Begin, string? End)
{
    // Beside the one that a model's configuration names: those that end a turn, at which servers stop too.
    private static readonly ImmutableArray<string> EndSpellings = ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end|>", "</s>"];

    /// <summary>The tokens at which an answer ends.</summary>
    public ImmutableSortedSet<int> Ends { get; } = [.. EndSpellings.Append(End ?? "").Select(Tokenizer.Special).Append(Tokenizer.EndOfText).OfType<int>()];

    /// <param name="folder">Holds the model's runner files.</param>
    /// <exception cref="BadInputException">One of them is not what it should be.</exception>
    public static TextModelView Load(ReferenceModel model, string folder)
    {
        var text = model.Text!;
        try
        {
            var config = HfConfig.Read(Path.Combine(folder, text.Config));
            var tokenizer = Tokenizers.FromJson(File.ReadAllBytes(Path.Combine(folder, text.Tokenizer)));
            var template = ChatTemplate.Parse(File.ReadAllText(Path.Combine(folder, text.ChatTemplate)));
            return new(tokenizer, template, config.Shape.MaxPositions, Spelling(tokenizer, config.BeginOfText), Spelling(tokenizer, config.EndOfText));
        }
        catch (ModelException broken)
        {
            throw new BadInputException([new Problem(model.File, 0, "text", broken.Message)]);
        }
    }

    /// <summary>The ids of a prompt of <c>/v1/completions</c>.</summary>
    /// <remarks>
    /// The spelling of a special token in it stands for that token: it is how raw completions write a template themselves, and what servers of
    /// this protocol do (vLLM by its tokenizer's own rules, llama.cpp's server by parse_special).
    /// </remarks>
    public ImmutableArray<int> Prompt(string text)
    {
        var ids = Tokenizer.Encode(text, parseSpecial: true);
        return Tokenizer.BeginOfText is { } begin ? [begin, .. ids] : [.. ids];
    }

    /// <summary>The ids of a conversation: the rendered template, in which every token is spelled, so that none is added.</summary>
    /// <exception cref="ModelException">The template refuses it.</exception>
    public ImmutableArray<int> Chat(JsonArray messages, JsonArray? tools)
    {
        var rendered = Template.Render(Element(messages), tools is null ? null : Element(tools), addGenerationPrompt: true, Begin, End);
        return [.. Tokenizer.Encode(rendered, parseSpecial: true)];
    }

    /// <summary>The tokens of an answer: as the server tells them, else as its text is spelled, which may differ from how it was generated.</summary>
    public ImmutableArray<int> TokensOf(TextChoice choice) => choice.Ids.IsDefault ? [.. Tokenizer.Encode(choice.Text, parseSpecial: false)] : choice.Ids;

    /// <summary>The text that ids stand for; bytes that are no character become U+FFFD.</summary>
    /// <exception cref="WireException">An id, which came from a server, is not in the vocabulary.</exception>
    public string Spell(ReadOnlySpan<int> ids)
    {
        foreach (var id in ids)
        {
            if (id < 0 || id >= Tokenizer.VocabularySize)
                throw WireException.Protocol($"The answer holds the token id {id}; the vocabulary ends at {Tokenizer.VocabularySize - 1}.");
        }

        return Encoding.UTF8.GetString(Tokenizer.Decode(ids));
    }

    private static string? Spelling(ITokenizer tokenizer, int? id) =>
        id is { } known && known < tokenizer.VocabularySize ? Encoding.UTF8.GetString(tokenizer.Decode([known])) : null;

    private static JsonElement Element(JsonNode node) => JsonElement.Parse(node.ToJsonString());
}
