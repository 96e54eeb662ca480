using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Adaptation.Adapters.Host;

/// <summary>Reads the parameters that both text routes have.</summary>
/// <param name="size">V.</param>
internal sealed class SpecReader(string modelName, int size)
{
    /// <summary>Most choices of one prompt, and most alternatives beside one token: the OpenAI API's limits.</summary>
    public const int MostChoices = 128, MostAlternatives = 20;

    private const int MostStops = 4;

    /// <exception cref="RefusedException">A parameter is not what it should be, or the model is another one.</exception>
    public TextSpec Read(Fields fields)
    {
        RequireModel(fields);
        fields.Text("user"); // says who asks, which changes no answer
        var stream = fields.Flag("stream") ?? false;
        return new()
        {
            Model = modelName,
            Stream = stream,
            IncludeUsage = ReadStreamOptions(fields, stream),
            MinTokens = (int)(fields.Integer("min_tokens", 0, int.MaxValue) ?? 0),
            IgnoreEndOfText = fields.Flag("ignore_eos") ?? false,
            Choices = (int)(fields.Integer("n", 1, MostChoices) ?? 1),
            Stop = ReadStop(fields),
            ReturnTokenIds = fields.Flag("return_token_ids") ?? false,
            SpellIds = fields.Flag("return_tokens_as_token_ids") ?? false,
            Sampling = new()
            {
                Bias = ReadBias(fields),
                PresencePenalty = fields.Number("presence_penalty", -2, 2) ?? 0,
                FrequencyPenalty = fields.Number("frequency_penalty", -2, 2) ?? 0,
                Temperature = fields.Number("temperature", 0, 2) ?? 1,
                TopK = (int)Math.Max(0, fields.Integer("top_k", -1, int.MaxValue) ?? 0),
                TopP = fields.Number("top_p", 0, 1) ?? 1,
                Seed = fields.Integer("seed", long.MinValue, long.MaxValue) is { } seed ? (ulong)seed : BitConverter.ToUInt64(Guid.NewGuid().ToByteArray()), // not by cryptography, which loads an OpenSSL that an image need not have
            },
        };
    }

    /// <exception cref="RefusedException">404 if it is another one, as the OpenAI API has it.</exception>
    public void RequireModel(Fields fields)
    {
        var name = fields.Text("model") ?? throw RefusedException.Bad("model", $"model is not given; this server has {modelName}");
        if (name != modelName)
        {
            throw new RefusedException(StatusCodes.Status404NotFound, $"there is no model {name}; this server has {modelName}")
            {
                Parameter = "model",
                Code = "model_not_found",
            };
        }
    }

    private static bool ReadStreamOptions(Fields fields, bool stream)
    {
        if (fields.Take("stream_options") is not { } value)
            return false;
        if (!stream)
            throw RefusedException.Bad("stream_options", "stream_options is only for a request with stream: true");
        var inner = fields.Inner("stream_options", value);
        var includes = inner.Flag("include_usage") ?? false;
        inner.End();
        return includes;
    }

    private static ImmutableArray<string> ReadStop(Fields fields)
    {
        const string Expected = "a string, or up to 4 strings, none empty";
        if (fields.Take("stop") is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Array)
            return value.ValueKind == JsonValueKind.String && fields.String("stop", value) is { Length: > 0 } one ? [one] : throw fields.Wrong("stop", value, Expected);
        if (value.GetArrayLength() > MostStops || value.EnumerateArray().Any(each => each.ValueKind != JsonValueKind.String))
            throw fields.Wrong("stop", value, Expected);
        ImmutableArray<string> all = [.. value.EnumerateArray().Select(each => fields.String("stop", each))];
        return all.All(stop => stop.Length > 0) ? all : throw fields.Wrong("stop", value, Expected);
    }

    private ImmutableArray<KeyValuePair<int, double>> ReadBias(Fields fields)
    {
        if (fields.Take("logit_bias") is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Object)
            throw fields.Wrong("logit_bias", value, "an object from token id to bias");
        var bias = new SortedDictionary<int, double>();
        foreach (var entry in value.EnumerateObject())
        {
            if (!int.TryParse(Fields.Name(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id >= size)
                throw RefusedException.Bad("logit_bias", $"logit_bias holds a key that is no token id; the ids of this model are 0 to {size - 1}");
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetDouble(out var amount) || amount is < -100 or > 100)
                throw RefusedException.Bad("logit_bias", $"logit_bias of {id} is no number from -100 to 100");
            if (!bias.TryAdd(id, amount))
                throw RefusedException.Bad("logit_bias", $"logit_bias of {id} is given twice");
        }
        return [.. bias];
    }
}
