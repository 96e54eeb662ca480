using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary>One figure, as verdicts and certificates spell it: a member that is null in the record is absent.</summary>
/// <remarks><see cref="long.MaxValue"/>, a figure that rests on a request that failed and so has no bound, is <c>null</c> in the file.</remarks>
internal static class FigureJson
{
    public static readonly JsonShape Shape = JsonShape.Of("name", "unit", "valueMilli", "lowerMilli", "upperMilli", "limitMilli");

    public static void Write(Utf8JsonWriter writer, Figure figure)
    {
        writer.WriteStartObject();
        writer.WriteString("name", figure.Name);
        writer.WriteString("unit", figure.Unit);
        WriteBound(writer, "valueMilli", figure.ValueMilli);
        WriteBound(writer, "lowerMilli", figure.LowerMilli);
        WriteBound(writer, "upperMilli", figure.UpperMilli);
        WriteBound(writer, "limitMilli", figure.LimitMilli);
        writer.WriteEndObject();
    }

    public static Figure Read(JsonMembers figure)
    {
        var read = new Figure(
            figure.Text("name"),
            figure.Text("unit"),
            ReadBound(figure, "valueMilli") ?? throw figure.Refuse("MEMBER", $"{figure.PathOf("valueMilli")} is missing"),
            ReadBound(figure, "lowerMilli"),
            ReadBound(figure, "upperMilli"),
            ReadBound(figure, "limitMilli"));
        figure.RefuseOthers();
        return read;
    }

    private static void WriteBound(Utf8JsonWriter writer, string name, long? value)
    {
        if (value == long.MaxValue)
            writer.WriteNull(name);
        else
            writer.WriteOptional(name, value);
    }

    private static long? ReadBound(JsonMembers figure, string name) =>
        figure.TryGet(name) is { ValueKind: JsonValueKind.Null } ? long.MaxValue : figure.TryInteger(name);
}
