using System.Text.Json;

namespace Adaptation.Models;

/// <summary>A model's chat template: turns messages into the text that the model was trained on. Immutable; safe for concurrent use.</summary>
/// <remarks>
/// The part of Jinja that published templates use, with the environment that transformers gives them: trim_blocks, lstrip_blocks, loop controls,
/// its own tojson, values that cannot be changed. What is not supported is refused by name and line, and never passed over.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly IReadOnlyList<TemplateStatement> _body;

    private ChatTemplate(IReadOnlyList<TemplateStatement> body) => _body = body;

    /// <exception cref="ModelException">The template is malformed, or uses what is not supported.</exception>
    public static ChatTemplate Parse(string jinja) => new(TemplateParser.Parse(jinja));

    /// <param name="messages">An array of objects with role and content, as the OpenAI-compatible API takes it.</param>
    /// <param name="tools">An array of tool definitions, or null.</param>
    /// <param name="beginOfText">Spelling of the begin-of-text token, which templates know as bos_token; null if the model has none.</param>
    /// <param name="endOfText">The same for eos_token.</param>
    /// <exception cref="ModelException">The template refuses these messages, or does what is not supported; the message has line and reason.</exception>
    public string Render(JsonElement messages, JsonElement? tools, bool addGenerationPrompt, string? beginOfText, string? endOfText) => Render(new()
    {
        Messages = messages,
        Tools = tools,
        AddGenerationPrompt = addGenerationPrompt,
        BeginOfText = beginOfText,
        EndOfText = endOfText,
    });

    /// <exception cref="ModelException">The template refuses this input, or does what is not supported; the message has line and reason.</exception>
    public string Render(ChatTemplateInput input)
    {
        var run = new TemplateRun(input.Now);
        run.Globals.Set("messages", TemplateValues.FromJson(input.Messages));
        run.Globals.Set("tools", input.Tools is { } tools ? TemplateValues.FromJson(tools) : null);
        run.Globals.Set("documents", null);
        run.Globals.Set("add_generation_prompt", input.AddGenerationPrompt);
        if (input.BeginOfText is { } begin)
            run.Globals.Set("bos_token", begin);
        if (input.EndOfText is { } end)
            run.Globals.Set("eos_token", end);
        foreach (var (name, value) in input.Variables)
            run.Globals.Set(name, TemplateValues.FromJson(value));
        return run.Render(_body);
    }
}

/// <summary>What a chat template is given.</summary>
public sealed record ChatTemplateInput
{
    public required JsonElement Messages { get; init; }

    public JsonElement? Tools { get; init; }

    public bool AddGenerationPrompt { get; init; }

    public string? BeginOfText { get; init; }

    public string? EndOfText { get; init; }

    /// <summary>More variables by name, such as enable_thinking.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>What strftime_now tells; null: a template that asks for the time is refused.</summary>
    public DateTimeOffset? Now { get; init; }
}
