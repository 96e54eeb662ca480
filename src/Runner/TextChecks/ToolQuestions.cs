using System.Text;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks every item of a pack of tool prompts once, greedily, and keeps what was answered, or why nothing was (COR-17).</summary>
/// <remarks>
/// Not streamed: what is judged is the whole call, and a server that gathers a streamed call wrongly is another matter than a model that makes a wrong one.
/// </remarks>
/// <param name="open">Opens a connection of its own.</param>
/// <param name="streams">Requests at a time.</param>
internal sealed class ToolQuestions(Func<TextQuestions> open, ToolPack pack, int streams)
{
    /// <summary>Most characters of a kept answer: all answers of a pack fit into a measurement, whatever a server sends.</summary>
    /// <remarks>At 3 bytes a character, and 4,000 items, 246 MB.</remarks>
    private const int MostCharacters = 20 << 10;

    private const int ShownCharacters = 1000;

    /// <exception cref="WireException">The server is dead.</exception>
    public async Task<Measurement> MeasureAsync()
    {
        var sheet = new AnswerSheet();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(stream => Task.Factory.StartNew(
            () =>
            {
                using var questions = open();
                for (var at = stream; at < pack.Items.Length; at += streams)
                    Ask(questions, pack.Items[at], sheet);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return sheet.Measured("COR-17");
    }

    private void Ask(TextQuestions questions, ToolItem item, AnswerSheet sheet)
    {
        TextAnswer? answer = null;
        try
        {
            answer = questions.Post(TextQuestions.ChatRoute, Body(item));
            Keep(sheet, item, ToolReply.Read(answer));
        }
        catch (WireException wrong) when (TextQuestions.IsAnswer(wrong))
        {
            var said = answer is null ? "" : $" It said: {Clip.Text(Encoding.UTF8.GetString(answer.Body.Span), ShownCharacters)}";
            sheet.Failed(item.Id, $"{Clip.Text(wrong.Message)}{said}");
        }
    }

    private static void Keep(AnswerSheet sheet, ToolItem item, ToolAnswer answer)
    {
        var kept = answer.ToJson();
        if (kept.Length > MostCharacters && !item.IsStructured && answer.Content is { } content) // beside calls, content is not judged
            kept = (answer with { Content = TextFacts.Bounded(content) }).ToJson();
        if (kept.Length <= MostCharacters)
            sheet.Fact($"answer.{item.Id}", kept);
        else
            sheet.Failed(item.Id, $"the answer has {kept.Length} characters, and {MostCharacters} are kept: {kept}");
    }

    private JsonObject Body(ToolItem item)
    {
        var body = JsonNode.Parse(item.Request.GetRawText())!.AsObject();
        body["max_tokens"] = pack.MaxTokens;
        body["temperature"] = 0;
        return body;
    }
}
