using System.Text.Json;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary><c>request.json</c>: what the user asked for, so that an interrupted run can be gone on with.</summary>
public static class RequestFile
{
    private const string Schema = "adaptation.request/v1";

    internal static byte[] Write(RunRequest request, bool inContainer)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("schema", Schema);
            json.WriteString("profile", request.Profile);
            json.WriteString("model", request.Model);
            json.WriteString("standard", request.Standard);
            json.WriteString("suite", request.Suite);
            json.WriteString("precision", request.Precision ?? "");
            json.WriteString("form", request.Launch.Form is { } form ? LaunchChoice.Word(form) : "");
            json.WriteString("devices", LaunchChoice.Text(request.Launch.Indices));
            json.WriteString("isolation", inContainer ? "container" : "process");
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <exception cref="BadInputException">The file is missing or not what this program writes.</exception>
    public static RunRequest Read(RunDirectory directory, string root) =>
        Read(directory, text => new RunRequest(root, text("profile"), text("model"), text("standard"), text("suite"), text("precision") is { Length: > 0 } precision ? precision : null)
        {
            Launch = LaunchChoice.Parse(text("form"), text("devices")),
        });

    /// <summary>False where the server ran as a plain process.</summary>
    /// <inheritdoc cref="Read(RunDirectory, string)"/>
    public static bool WasInContainer(RunDirectory directory) => Read(directory, text => text("isolation") == "container");

    private static T Read<T>(RunDirectory directory, Func<Func<string, string>, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(directory.Request));
            string Text(string name) => document.RootElement.GetProperty(name).GetString()!;
            return Text("schema") == Schema ? read(Text) : throw new JsonException("it is of another schema");
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or IOException)
        {
            throw new BadInputException([new Problem(directory.Path, 0, "", $"is not a run that can be gone on with: {broken.Message}. `adapt certify` starts a new one.")]);
        }
    }
}
