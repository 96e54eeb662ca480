using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Certificates;

/// <summary><c>plan.json</c>, format <c>adaptation.plan/v1</c>. What is null in the plan is absent in the file.</summary>
public static class PlanFile
{
    private const int MaxBytes = 16 << 20;
    private const string Schema = "adaptation.plan/v1";

    public static byte[] Write(Plan plan) => LiteralJsonEncoder.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("schema", Schema);
        writer.WriteString("runId", plan.RunId);
        writer.WriteString("suite", plan.Suite);
        writer.WriteString("profileId", plan.ProfileId);
        writer.WriteString("modelId", plan.ModelId);
        writer.WriteString("modelKind", plan.ModelKind);
        writer.WriteTexts("caps", plan.Caps);
        writer.WriteMap("notApplicable", plan.NotApplicable);
        Write(writer, plan.Declared);
        Write(writer, plan.Golden);
        if (plan.Text is { } text)
            TextGoldenJson.Write(writer, text);
        if (plan.Layers is { } layers)
            LayerPlanJson.Write(writer, layers);
        writer.WriteTexts("requiredVersions", plan.RequiredVersions);
        writer.WriteMap("declaredVersions", plan.DeclaredVersions);
        writer.WriteMap("hardeningExceptions", plan.HardeningExceptions);
        writer.WriteOptional("cache", plan.Cache);
        if (plan.Devices is { } devices)
            Write(writer, devices);
        writer.WriteEndObject();
    });

    /// <exception cref="RejectedException">With a code PLAN_*.</exception>
    public static Plan Read(ReadOnlyMemory<byte> file)
    {
        using var document = JsonGate.Parse(file, "PLAN", MaxBytes, JsonShape.Free);
        var root = new JsonMembers(document.RootElement, "PLAN", "");
        root.Expect("schema", Schema);
        var plan = new Plan
        {
            RunId = root.Text("runId"),
            Suite = root.Text("suite"),
            ProfileId = root.Text("profileId"),
            ModelId = root.Text("modelId"),
            ModelKind = root.Text("modelKind"),
            Caps = root.Texts("caps"),
            NotApplicable = root.TextMap("notApplicable"),
            Declared = ReadDeclaration(root.Object("declared")),
            Golden = ReadGolden(root.Object("golden")),
            Text = root.TryObject("text") is { } text ? TextGoldenJson.Read(text) : null,
            Layers = root.TryObject("layers") is { } layers ? LayerPlanJson.Read(layers) : null,
            RequiredVersions = root.Texts("requiredVersions"),
            DeclaredVersions = root.TextMap("declaredVersions"),
            HardeningExceptions = root.TextMap("hardeningExceptions"),
            Cache = root.TryText("cache"),
            Devices = root.TryObject("devices") is { } devices ? ReadDevices(devices) : null,
        };
        root.RefuseOthers();
        return plan;
    }

    private static void Write(Utf8JsonWriter writer, DevicePlan devices)
    {
        writer.WriteStartObject("devices");
        writer.WriteTexts("given", devices.Given);
        writer.WriteMap("inside", devices.Inside);
        writer.WriteMap("beside", devices.Beside);
        writer.WriteMap("optional", devices.Optional);
        writer.WriteMap("behind", devices.Behind);
        writer.WriteMap("units", devices.Units);
        writer.WriteOptional("pciId", devices.PciId);
        writer.WriteEndObject();
    }

    private static DevicePlan ReadDevices(JsonMembers devices)
    {
        var read = new DevicePlan(devices.Texts("given"), devices.TextMap("inside"), devices.TextMap("beside"))
        {
            Optional = devices.TextMap("optional"),
            Behind = devices.TextMap("behind"),
            Units = devices.TextMap("units"),
            PciId = devices.TryText("pciId"),
        };
        devices.RefuseOthers();
        return read;
    }

    private static void Write(Utf8JsonWriter writer, Declaration declared)
    {
        writer.WriteStartObject("declared");
        writer.WriteOptional("coldStartMillis", declared.ColdStartMillis);
        writer.WriteOptional("warmStartMillis", declared.WarmStartMillis);
        if (declared.LatencyP99Micros is { } latencies)
        {
            writer.WriteStartObject("latencyP99Micros");
            foreach (var (streams, micros) in latencies)
                writer.WriteInteger(streams.ToString(CultureInfo.InvariantCulture), micros);
            writer.WriteEndObject();
        }
        writer.WriteOptional("throughputMilli", declared.ThroughputMilli);
        writer.WriteOptional("textClass", declared.TextClass);
        writer.WriteOptional("ttftP99Micros", declared.TtftP99Micros);
        writer.WriteOptional("tpotP99Micros", declared.TpotP99Micros);
        writer.WriteOptional("outputTokensMilliPerSecond", declared.OutputTokensMilliPerSecond);
        writer.WriteOptional("requestRateMilli", declared.RequestRateMilli);
        writer.WriteOptional("contextTokens", declared.ContextTokens);
        WriteClaim(writer, "deterministic", declared.Deterministic);
        WriteClaim(writer, "batchInvariant", declared.BatchInvariant);
        writer.WriteOptional("energyMicrojoules", declared.EnergyMicrojoules);
        if (declared.Pue is { } pue)
        {
            writer.WriteStartObject("pue");
            writer.WriteInteger("milli", pue.Milli);
            writer.WriteString("source", pue.Source);
            writer.WriteString("period", pue.Period);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static Declaration ReadDeclaration(JsonMembers declared)
    {
        var read = new Declaration(
            declared.TryInteger("coldStartMillis"),
            declared.TryInteger("warmStartMillis"),
            declared.TryObject("latencyP99Micros") is { } latencies ? ReadLatencies(latencies) : null,
            declared.TryInteger("throughputMilli"),
            declared.TryText("textClass"),
            declared.TryInteger("ttftP99Micros"),
            declared.TryInteger("tpotP99Micros"),
            declared.TryInteger("outputTokensMilliPerSecond"),
            declared.TryInteger("requestRateMilli"),
            declared.TryInteger("contextTokens"),
            ReadClaim(declared, "deterministic"),
            ReadClaim(declared, "batchInvariant"),
            declared.TryInteger("energyMicrojoules"),
            declared.TryObject("pue") is { } pue ? ReadPue(pue) : null);
        declared.RefuseOthers();
        return read;
    }

    private static DeclaredPue ReadPue(JsonMembers pue)
    {
        var read = new DeclaredPue(pue.Integer("milli"), pue.Text("source"), pue.Text("period"));
        pue.RefuseOthers();
        return read;
    }

    private static void WriteClaim(Utf8JsonWriter writer, string name, bool claimed)
    {
        if (claimed)
            writer.WriteBoolean(name, true);
    }

    private static bool ReadClaim(JsonMembers declared, string name) => declared.TryGet(name) switch
    {
        null => false,
        { ValueKind: JsonValueKind.True } => true,
        { } other => throw declared.Refuse("MEMBER", $"{declared.PathOf(name)} is {other.ValueKind}; it is true or left out"),
    };

    private static ImmutableSortedDictionary<int, long> ReadLatencies(JsonMembers latencies)
    {
        var read = ImmutableSortedDictionary.CreateBuilder<int, long>();
        foreach (var member in latencies.All())
        {
            if (!int.TryParse(member.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var streams)
                || streams.ToString(CultureInfo.InvariantCulture) != member.Name)
            {
                throw latencies.Refuse("MEMBER", $"{JsonGate.Quote(member.Name)} is not a number of streams");
            }
            read.Add(streams, latencies.Integer(member.Name));
        }
        return read.ToImmutable();
    }

    private static void Write(Utf8JsonWriter writer, GoldenPack golden)
    {
        writer.WriteStartObject("golden");
        writer.WriteInteger("rtolPpb", golden.RtolPpb);
        writer.WriteInteger("atolPpb", golden.AtolPpb);
        writer.WriteOptional("charset", golden.Charset);
        writer.WriteStartArray("lines");
        foreach (var line in golden.Lines)
        {
            writer.WriteStartObject();
            writer.WriteString("id", line.Id);
            writer.WriteString("expected", line.Expected);
            writer.WriteIntegers("shape", line.Shape);
            writer.WriteString("text", line.Text);
            writer.WriteOptional("datatype", line.DataType == "FP32" ? null : line.DataType);
            writer.WriteOptional("atolPpb", line.AtolPpb);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static GoldenPack ReadGolden(JsonMembers golden)
    {
        var read = new GoldenPack(golden.Integer("rtolPpb"), golden.Integer("atolPpb"), golden.TryText("charset"), golden.Objects("lines", ReadLine));
        golden.RefuseOthers();
        return read;
    }

    private static GoldenLine ReadLine(JsonMembers line)
    {
        var read = new GoldenLine(line.Text("id"), line.Text("expected"), line.Array("shape", line.AsInteger), line.Text("text"))
        {
            DataType = line.TryText("datatype") ?? "FP32", // as in plans that were written before other types could be
            AtolPpb = line.TryInteger("atolPpb"),
        };
        line.RefuseOthers();
        return read;
    }
}
