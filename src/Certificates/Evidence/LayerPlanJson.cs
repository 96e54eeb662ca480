using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>The member <c>layers</c> of <c>plan.json</c>: where the exact values inside a model lie.</summary>
internal static class LayerPlanJson
{
    public static void Write(Utf8JsonWriter writer, LayerPlan plan)
    {
        writer.WriteStartObject("layers");
        writer.WriteBoolean("stacked", plan.Stacked);
        writer.WriteStartArray("tensors");
        foreach (var tensor in plan.Tensors)
        {
            writer.WriteStartObject();
            writer.WriteString("id", tensor.Id);
            writer.WriteString("name", tensor.Name);
            writer.WriteString("input", tensor.Input);
            writer.WriteString("expected", tensor.Expected);
            writer.WriteIntegers("shape", tensor.Shape);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public static LayerPlan Read(JsonMembers layers)
    {
        var stacked = layers.Get("stacked").ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            var other => throw layers.Refuse("MEMBER", $"{layers.PathOf("stacked")} is {other}; it is true or false"),
        };
        var read = new LayerPlan(stacked, layers.Objects("tensors", ReadTensor));
        layers.RefuseOthers();
        return read;
    }

    private static GoldenLayer ReadTensor(JsonMembers tensor)
    {
        var read = new GoldenLayer(
            tensor.Text("id"), tensor.Text("name"), tensor.Text("input"), tensor.Text("expected"), tensor.Array("shape", tensor.AsInteger));
        tensor.RefuseOthers();
        return read;
    }
}
