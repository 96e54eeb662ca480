using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Reads the request that loads a model: exactly one file, in base64.</summary>
internal static class LoadRequest
{
    private const string FilePrefix = "file:";
    private const int LongestName = 128;

    /// <returns>A plain file name, and the file's bytes.</returns>
    /// <exception cref="RefusedException">It is not such a request, or asks for what is not served.</exception>
    public static (string File, byte[] Content) Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            var found = ReadObject(ref json);
            return json.Read() ? throw RefusedException.Bad("the body goes on behind the request object") : found;
        }
        catch (JsonException malformed)
        {
            throw RefusedException.Bad($"the request is not valid JSON: {malformed.Message}");
        }
        catch (InvalidOperationException)
        {
            throw RefusedException.Bad("the request holds a text that is not valid Unicode, or a value of another kind than expected");
        }
    }

    private static (string File, byte[] Content) ReadObject(ref Utf8JsonReader json)
    {
        (string, byte[])? found = null;
        Expect(ref json, JsonTokenType.StartObject);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (!json.ValueTextEquals("parameters"u8) || found is not null)
                throw RefusedException.Bad("the request holds one member, parameters");
            found = ReadParameters(ref json);
        }
        return found ?? throw RefusedException.Bad("parameters is missing; give the model as the parameter file:NAME, in base64");
    }

    private static (string File, byte[] Content) ReadParameters(ref Utf8JsonReader json)
    {
        (string, byte[])? found = null;
        Expect(ref json, JsonTokenType.StartObject);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.ValueSpan.Length <= LongestName + FilePrefix.Length ? json.GetString()! : throw RefusedException.Bad("a parameter's name is too long");
            if (!name.StartsWith(FilePrefix, StringComparison.Ordinal))
                throw RefusedException.Bad($"the parameter {name} is not served; file:NAME is");
            if (found is not null)
                throw RefusedException.Bad("more than one file is given; a model is one file here");
            var file = name[FilePrefix.Length..];
            if (file.Length == 0 || file[0] == '.' || !file.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
                throw RefusedException.Bad($"{name}: a plain file name is expected, of letters, digits and . _ -");
            json.Read();
            found = json.TokenType == JsonTokenType.String && json.TryGetBytesFromBase64(out var content)
                ? (file, content)
                : throw RefusedException.Bad($"{name} is not a string in base64");
        }
        return found ?? throw RefusedException.Bad("no file is given; give the model as the parameter file:NAME, in base64");
    }

    private static void Expect(ref Utf8JsonReader json, JsonTokenType type)
    {
        if (!json.Read() || json.TokenType != type)
            throw RefusedException.Bad("an object is expected: {\"parameters\": {\"file:NAME\": \"base64\"}}");
    }
}
