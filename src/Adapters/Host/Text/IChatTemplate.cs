using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Turns a conversation into the text that the model was trained on. Safe for concurrent use.</summary>
internal interface IChatTemplate
{
    /// <param name="messages">Objects with <c>role</c> and <c>content</c>, as the client sent them.</param>
    /// <param name="tools">As the client sent them, or null.</param>
    /// <param name="beginOfText">Spelling of the token that begins texts, or null.</param>
    /// <param name="endOfText">Spelling of the token that ends texts, or null.</param>
    /// <exception cref="Models.ModelException">The template refuses these messages, or is broken.</exception>
    string Render(JsonElement messages, JsonElement? tools, bool addGenerationPrompt, string? beginOfText, string? endOfText);
}
