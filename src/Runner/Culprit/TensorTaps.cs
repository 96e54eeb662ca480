using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <param name="Again">The answer to the same inputs once more.</param>
internal sealed record Tapped(WireTensor First, WireTensor Again);

/// <param name="Values">By the tensor's name.</param>
/// <param name="Unread">Tensors that could not be read, each with the reason.</param>
internal sealed record TapReading(ImmutableDictionary<string, Tapped> Values, ImmutableDictionary<string, string> Unread);

/// <summary>Reads tensors inside a model: they are made outputs of it, all at once, and in halves where that is refused or more than one answer can hold.</summary>
internal static class TensorTaps
{
    private const int MostRefusals = 64;

    /// <param name="inputs">Of the whole model.</param>
    /// <param name="typeOf">The element type to declare a tensor with, or null where it is not known.</param>
    public static async Task<TapReading> ReadAsync(
        OnnxGraph graph, ImmutableArray<WireTensor> inputs, ModelTalk talk, ImmutableArray<string> tensors, Func<string, string?> typeOf, CancellationToken cancellationToken)
    {
        var values = ImmutableDictionary.CreateBuilder<string, Tapped>(StringComparer.Ordinal);
        var unread = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var refusals = 0;
        var groups = new Stack<ImmutableArray<string>>(tensors.IsEmpty ? [] : [tensors]);
        while (groups.TryPop(out var group))
        {
            var reply = await AskAsync(graph, inputs, talk, group, typeOf, cancellationToken);
            if (reply is OperatorReply.Answered answered)
            {
                for (var at = 0; at < group.Length; at++)
                    values[group[at]] = new(answered.First[at], answered.Again[at]);
                continue;
            }

            var why = Why(reply);
            if (group.Length > 1 && ++refusals < MostRefusals)
            {
                groups.Push(group[(group.Length / 2)..]);
                groups.Push(group[..(group.Length / 2)]);
                continue;
            }

            foreach (var name in group)
                unread[name] = why;
        }

        return new(values.ToImmutable(), unread.ToImmutable());
    }

    public static Task<OperatorReply> AskAsync(
        OnnxGraph graph, ImmutableArray<WireTensor> inputs, ModelTalk talk, ImmutableArray<string> tensors, Func<string, string?> typeOf, CancellationToken cancellationToken)
    {
        var cut = OnnxCut.Before(graph, tensors.Select(name => OnnxCut.Declare(name, typeOf(name))), tensors);
        var read = cut.Nodes.SelectMany(node => node.Inputs).ToHashSet(StringComparer.Ordinal);
        return talk.AskAsync(cut.Write(), [.. inputs.Where(input => read.Contains(input.Name))], tensors, cancellationToken);
    }

    public static string Why(OperatorReply reply) => reply switch
    {
        OperatorReply.Refused refused => refused.Reason,
        OperatorReply.Failed failed => $"{failed.What}: {failed.Seen}",
        _ => "",
    };
}
