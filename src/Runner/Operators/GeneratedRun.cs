using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Adaptation.Core;
using Adaptation.Models;

namespace Adaptation.Runner;

/// <summary>Asks a backend generated cases, and puts its answers beside what they are judged by.</summary>
internal static class GeneratedRun
{
    /// <exception cref="WireException">The connection broke, or an answer came too late.</exception>
    public static OperatorAnswers Ask(OperatorCase one, OperatorFormat format, OperatorWire wire, CancellationToken cancellationToken)
    {
        if (format.Content(one) is not { } content)
            return Answers(one, OperatorState.Unsupported, $"{one.Operator} has no equal in the language of {format.File}", []);
        var inputs = one.Inputs.Select(input => new WireTensor(input.Name, input.DataType, input.Shape, input.Data)).ToImmutableArray();
        return wire.Ask(new OperatorQuestion(format.File, content, inputs, [.. one.Outputs.Select(output => output.Name)]) { Asks = one.Asks }, cancellationToken) switch
        {
            OperatorReply.Refused refused => Answers(one, OperatorState.Unsupported, refused.Reason, []),
            OperatorReply.Failed failed => Answers(one, OperatorState.Failed, $"{failed.What}: {failed.Seen}", []),
            OperatorReply.Answered answered => Answers(one, OperatorState.Answered, "", answered.Rounds),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>What stands for a case that took the server down.</summary>
    public static OperatorAnswers Died(OperatorCase one, string how) => Answers(one, OperatorState.Failed, how, []);

    /// <param name="rounds">Each the answers of one request, in the order of the case's outputs.</param>
    private static OperatorAnswers Answers(OperatorCase one, OperatorState state, string said, ImmutableArray<ImmutableArray<WireTensor>> rounds) => new(
        one.Id, one.Operator, one.DataType, one.Opset, Kind(one.Kind), state, said,
        [
            .. one.Outputs.Select((output, at) => new ExpectedOutput(
                output.Name, output.DataType, output.Shape, MemoryMarshal.AsBytes(output.Exact.Span).ToArray(), output.Same,
                [.. rounds.Select(round => new AnsweredOutput(round[at].DataType, round[at].Shape, round[at].Data))])),
        ]);

    private static OperatorKind Kind(CaseKind kind) => kind switch
    {
        CaseKind.Exact => OperatorKind.Exact,
        CaseKind.Special => OperatorKind.Special,
        _ => OperatorKind.Rounded,
    };
}
