using System.Collections.Immutable;

namespace Adaptation.Models;

/// <summary>Turns a draft into a case: draws its inputs, computes both golden answers, writes the model and the source.</summary>
internal static class CaseBuilder
{
    private const string Seen = "x_seen"; // the first input behind its view

    public static OperatorCase Build(Draft draft, ulong seed, int opset)
    {
        var drawn = draft.Operands.OfType<Operand.Drawn>().ToArray();
        var fed = drawn.Select((operand, at) => Draw(operand, at == 0 ? draft.View : View.Direct, draft.Id, seed)).ToArray();
        Values[] seen = [.. fed];
        if (draft.View != View.Direct)
            seen[0] = See(draft.View, fed[0]);
        var exact = draft.Golden(Arithmetic.Exact, seen);
        var same = draft.Kind == CaseKind.Exact ? exact : draft.Golden(Arithmetic.In(draft.Type.IsReal() ? draft.Type : ElementType.FP32), seen);
        string[] names = exact.Length == 1 ? ["output"] : [.. exact.Select((_, at) => $"output{at}")];
        return new(
            draft.Id, draft.Operator, draft.Type.Word(), opset, draft.Kind,
            [.. drawn.Zip(fed, (operand, values) => new OperatorInput(operand.Name, values.Type.Word(), Long(values.Shape), values.Bytes()))],
            [.. names.Select((name, at) => new OperatorOutput(name, exact[at].Type.Word(), Long(exact[at].Shape), exact[at].Reals, same[at].Bytes()))],
            Onnx(draft, opset, drawn, fed, names, exact), TorchScript(draft, drawn, fed, exact.Length))
        {
            Asks = draft.Asks,
        };
    }

    private static Values Draw(Operand.Drawn operand, View view, string id, ulong seed)
    {
        int[] shape = view switch
        {
            View.Transposed => [.. operand.Shape.Reverse()],
            View.Sliced => [.. operand.Shape[..^1], (2 * operand.Shape[^1]) + 1],
            _ => operand.Shape,
        };
        var values = new Values(operand.Type, shape);
        operand.Fill(new(seed, id, operand.Name), values);
        for (var at = 0; at < values.Reals.Length; at++)
            values.Reals[at] = Rounding.To(operand.Type, values.Reals[at]);
        return values;
    }

    private static Values See(View view, Values fed)
    {
        var rank = fed.Shape.Length;
        if (view == View.Transposed)
            return Layout.Permuted(fed, [.. Enumerable.Range(0, rank).Reverse()]);
        int[] starts = [.. new int[rank - 1], 1], counts = [.. fed.Shape[..^1], fed.Shape[^1] / 2];
        return Layout.Sliced(fed, starts, counts, [.. Enumerable.Repeat(1, rank - 1), 2]);
    }

    private static byte[] Onnx(Draft draft, int opset, Operand.Drawn[] drawn, Values[] fed, string[] outputs, Values[] golden)
    {
        var operands = draft.Operands.Select(operand => operand switch
        {
            Operand.Drawn input => draft.View != View.Direct && input == drawn[0] ? Seen : input.Name,
            Operand.Constant constant => constant.Name,
            _ => "",
        });
        var node = new OnnxNode(draft.Operator, [.. operands], outputs, draft.Attributes);
        var constants = draft.Operands.OfType<Operand.Constant>().Select(constant => (constant.Name, constant.Content));
        var rank = fed.Length == 0 ? 0 : fed[0].Shape.Length;
        return new OnnxModel
        {
            Opset = opset,
            Nodes = draft.View switch
            {
                View.Transposed => [new("Transpose", [drawn[0].Name], [Seen], [new NodeAttribute.Wholes("perm", [.. Enumerable.Range(0, rank).Reverse()])]), node],
                View.Sliced => [new("Slice", [drawn[0].Name, .. SliceOperands(fed[0].Shape).Select(operand => operand.Name)], [Seen], []), node],
                _ => [node],
            },
            Inputs = [.. drawn.Zip(fed, (operand, values) => new OnnxValue(operand.Name, operand.Type, values.Shape))],
            Outputs = [.. outputs.Zip(golden, (name, values) => new OnnxValue(name, values.Type, values.Shape))],
            Constants = draft.View == View.Sliced ? [.. constants, .. SliceOperands(fed[0].Shape).Select(operand => (operand.Name, operand.Content))] : [.. constants],
        }.ToArray();
    }

    private static Operand.Constant[] SliceOperands(int[] shape) =>
    [
        Operand.Constant.Longs("seen_starts", 1), Operand.Constant.Longs("seen_ends", shape[^1]),
        Operand.Constant.Longs("seen_axes", shape.Length - 1), Operand.Constant.Longs("seen_steps", 2),
    ];

    private static string? TorchScript(Draft draft, Operand.Drawn[] drawn, Values[] fed, int outputs)
    {
        if (draft.Torch is not { } torch)
            return null;
        var view = draft.View switch
        {
            View.Transposed => [$"x = torch.permute(x, {Draft.List(Enumerable.Range(0, fed[0].Shape.Length).Reverse())})"],
            View.Sliced => [$"x = torch.slice(x, {fed[0].Shape.Length - 1}, 1, {fed[0].Shape[^1]}, 2)"],
            _ => Array.Empty<string>(),
        };
        var lines = torch.Split('\n');
        string[] body = [.. view, .. lines[..^1], $"return {lines[^1]}"];
        var parameters = string.Join(", ", drawn.Select(operand => $"{operand.Name}: Tensor"));
        var result = outputs == 1 ? "Tensor" : $"Tuple[{string.Join(", ", Enumerable.Repeat("Tensor", outputs))}]";
        return $"def forward({parameters}) -> {result}:\n{string.Concat(body.Select(line => $"    {line}\n"))}";
    }

    private static ImmutableArray<long> Long(int[] shape) => [.. shape.Select(size => (long)size)];
}
