namespace Adaptation.Runner;

/// <summary>What became of one case of one operator.</summary>
/// <param name="Id">Of the case.</param>
/// <param name="Operator">As ONNX spells it.</param>
/// <param name="DataType">The type that is tested.</param>
/// <param name="Opset">Of the default domain.</param>
public abstract record OperatorResult(string Id, string Operator, string DataType, int Opset)
{
    /// <summary>It answered, every time, what it should.</summary>
    public sealed record Pass(string Id, string Operator, string DataType, int Opset) : OperatorResult(Id, Operator, DataType, Opset);

    /// <param name="What">What of the answer is wrong.</param>
    public sealed record Fail(string Id, string Operator, string DataType, int Opset, string What, string Seen, string Expected) : OperatorResult(Id, Operator, DataType, Opset);

    /// <summary>The backend, or the wire, cannot do it. Never a pass.</summary>
    /// <param name="Reason">In the backend's own words.</param>
    public sealed record Unsupported(string Id, string Operator, string DataType, int Opset, string Reason) : OperatorResult(Id, Operator, DataType, Opset);

    /// <summary>pass, fail or unsupported.</summary>
    public string Word => this switch { Pass => "pass", Fail => "fail", _ => "unsupported" };
}
