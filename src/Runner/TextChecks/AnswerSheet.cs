using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Answers that are compared with one another, kept whole by their names. Safe for concurrent use.</summary>
internal sealed class AnswerSheet
{
    private readonly Lock _gate = new();
    private readonly List<Series> _series = [];
    private readonly List<TensorFile> _tensors = [];
    private readonly SortedDictionary<string, string> _facts = new(StringComparer.Ordinal);

    public void Fact(string name, string value)
    {
        lock (_gate)
            _facts[name] = value;
    }

    public void Failed(string name, string why) => Fact($"failed.{name}", TextFacts.Bounded(why));

    public void Keep(string name, TensorFile tensor)
    {
        lock (_gate)
            _tensors.Add(tensor with { Name = name });
    }

    /// <summary>Keeps the ids of an answer, or the bytes of its text where the server gives none.</summary>
    public void Keep(string name, TextChoice choice)
    {
        var series = choice.Ids.IsDefault
            ? new Series(name, "utf8", [.. Encoding.UTF8.GetBytes(choice.Text).Select(one => (long)one)])
            : new Series(name, "id", [.. choice.Ids.Select(id => (long)id)]);
        lock (_gate)
            _series.Add(series);
    }

    /// <summary>Asks for one answer and keeps it, or why there is none.</summary>
    /// <exception cref="WireException">The server is dead.</exception>
    public void Ask(TextQuestions questions, string name, string route, JsonObject body)
    {
        if (TryAsk(questions, route, body, out var why) is { } reply)
            Keep(name, reply.First);
        else
            Failed(name, why);
    }

    /// <returns>An answer of status 200; null if there is none.</returns>
    /// <exception cref="WireException">The server is dead.</exception>
    public static TextReply? TryAsk(TextQuestions questions, string route, JsonObject body, out string why)
    {
        try
        {
            var reply = questions.Ask(route, body);
            why = reply.Said(_ => "");
            return reply.Status == 200 ? reply : null;
        }
        catch (WireException wrong) when (TextQuestions.IsAnswer(wrong))
        {
            why = Clip.Text(wrong.Message);
            return null;
        }
    }

    public Measurement Measured(string check)
    {
        lock (_gate)
            return new() { Check = check, Series = [.. _series], Tensors = [.. _tensors], Facts = _facts.ToImmutableSortedDictionary(StringComparer.Ordinal) };
    }
}
