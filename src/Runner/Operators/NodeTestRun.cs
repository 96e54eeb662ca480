using System.Collections.Immutable;

namespace Adaptation.Runner;

/// <summary>Runs ONNX backend tests against a backend.</summary>
internal static class NodeTestRun
{
    /// <exception cref="WireException">The connection broke, or an answer came too late.</exception>
    public static OperatorResult Run(NodeTest test, OperatorWire wire, CancellationToken cancellationToken)
    {
        if (test.Uncarried is { } uncarried)
            return Unsupported(test, uncarried);
        foreach (var set in test.Sets)
        {
            var question = new OperatorQuestion("model.onnx", test.Onnx, set.Inputs, [.. set.Expected.Select(output => output.Name)]);
            switch (wire.Ask(question, cancellationToken))
            {
                case OperatorReply.Refused refused:
                    return Unsupported(test, refused.Reason);
                case OperatorReply.Failed failed:
                    return Fail(test, $"{set.Folder}, {failed.What}", failed.Seen, "an answer");
                case OperatorReply.Answered answered:
                    if (Wrong(set.Expected, answered.First) is { } wrong)
                        return Fail(test, $"{set.Folder}, {wrong.What}", wrong.Seen, wrong.Expected);
                    if (Wrong(set.Expected, answered.Again) is { } other)
                        return Fail(test, $"{set.Folder}, second answer to the same inputs, {other.What}", other.Seen, other.Expected);
                    break;
            }
        }

        return new OperatorResult.Pass(test.Id, test.Operator, test.DataType, test.Opset);
    }

    private static (string What, string Seen, string Expected)? Wrong(ImmutableArray<WireTensor> expected, ImmutableArray<WireTensor> answered) =>
        expected.Zip(answered, TensorDifference.Find).FirstOrDefault(difference => difference is not null);

    private static OperatorResult.Unsupported Unsupported(NodeTest test, string reason) => new(test.Id, test.Operator, test.DataType, test.Opset, reason);

    private static OperatorResult.Fail Fail(NodeTest test, string what, string seen, string expected) =>
        new(test.Id, test.Operator, test.DataType, test.Opset, what, seen, expected);
}
