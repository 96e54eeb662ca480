using System.Text.Json;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>The routes of the Open Inference Protocol, and for a language model those of text.</summary>
/// <param name="model">What the server was started with, or null.</param>
/// <param name="repository">Null if clients may not load models.</param>
/// <param name="text">Null for a model that has no text.</param>
/// <param name="key">Null if anyone may ask.</param>
/// <param name="log">Where operators read of engine failures.</param>
internal sealed class Routes(AdapterFacts facts, ServedModel? model, Repository? repository, TextRoutes? text, ApiKey? key, TextWriter log)
{
    /// <summary>What a refusal says besides its object, kept when the rest of an answer is given up.</summary>
    private static readonly string[] KeptHeaders = ["Allow", "Retry-After", "WWW-Authenticate"];

    /// <summary>Answers a request; every failure becomes a status and an error object.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            key?.Require(context);
            if (text is null || !await text.TryHandleAsync(context))
                await RouteAsync(context);
        }
        catch (RefusedException refused)
        {
            await FailAsync(context, refused.Status, refused.Message, refused);
        }
        catch (BadHttpRequestException broken)
        {
            await FailAsync(context, broken.StatusCode, broken.Message);
        }
        catch (AdapterException failure)
        {
            await log.WriteLineAsync(failure.Message);
            await FailAsync(context, StatusCodes.Status500InternalServerError, failure.Message);
        }
        catch (OutOfMemoryException)
        {
            await FailAsync(context, StatusCodes.Status503ServiceUnavailable, "there is no memory for this request now; send a smaller one, or fewer at once");
        }
        catch (Exception gone) when (context.RequestAborted.IsCancellationRequested && gone is OperationCanceledException or IOException)
        {
            context.Abort(); // nobody is left to answer
        }
    }

    private async Task RouteAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var parts = path.Split('/', 9);
        switch (parts)
        {
            case ["", "health"]:
                await GetAsync(context, json => json.WriteString("status"u8, "ok"u8));
                break;
            case ["", "v2"] or ["", "v2", ""]:
                await GetAsync(context, WriteServer);
                break;
            case ["", "v2", "health", "live"]:
                await GetAsync(context, json => json.WriteBoolean("live"u8, true));
                break;
            case ["", "v2", "health", "ready"]:
                await GetAsync(context, json => json.WriteBoolean("ready"u8, true));
                break;
            case ["", "v2", "models", var name, "versions", var version, .. var rest]:
                await RouteModelAsync(context, name, version, rest);
                break;
            case ["", "v2", "models", var name, .. var rest]:
                await RouteModelAsync(context, name, Oip.ModelVersion, rest);
                break;
            case ["", "v2", "repository", .. var rest] when repository is not null:
                if (!await repository.TryHandleAsync(context, rest))
                    throw NoRoute(path);
                break;
            default:
                throw NoRoute(path);
        }
    }

    private async Task RouteModelAsync(HttpContext context, string name, string version, string[] rest)
    {
        var served = Enter(name, version);
        try
        {
            await RouteModelAsync(context, facts, served, rest);
        }
        finally
        {
            served.Leave();
        }
    }

    private static async Task RouteModelAsync(HttpContext context, AdapterFacts facts, ServedModel served, string[] rest)
    {
        switch (rest)
        {
            case []:
                await GetAsync(context, json => WriteModel(json, facts, served));
                break;
            case ["ready"]:
                await GetAsync(context, json => WriteModelReady(json, served.Name));
                break;
            case ["infer"]:
                Require(context, HttpMethods.Post);
                await served.Infer.HandleAsync(context);
                break;
            default:
                throw NoRoute(context.Request.Path.Value ?? "");
        }
    }

    private ServedModel Enter(string name, string version)
    {
        var served = name == model?.Name && model.TryEnter() ? model : repository?.TryEnter(name);
        if (served is null)
            throw new RefusedException(StatusCodes.Status404NotFound, $"there is no model {name}; this server has {string.Join(", ", Names)}");
        if (version == Oip.ModelVersion)
            return served;
        served.Leave();
        throw new RefusedException(StatusCodes.Status404NotFound, $"model {name} has no version {version}; it has {Oip.ModelVersion}");
    }

    private IEnumerable<string> Names
    {
        get
        {
            string[] names = [.. model is null ? [] : new[] { model.Name }, .. repository?.Names ?? []];
            return names is [] ? ["none"] : names;
        }
    }

    private static RefusedException NoRoute(string path) => new(StatusCodes.Status404NotFound, $"there is nothing at {path}; the protocol starts at /v2");

    /// <exception cref="RefusedException">405: the route has another method.</exception>
    public static void Require(HttpContext context, string method)
    {
        if (context.Request.Method == method)
            return;
        context.Response.Headers.Allow = method;
        throw new RefusedException(StatusCodes.Status405MethodNotAllowed, $"{context.Request.Method} is not served here; {method} is");
    }

    private static Task GetAsync(HttpContext context, Action<Utf8JsonWriter> properties)
    {
        Require(context, HttpMethods.Get);
        return Json.SendAsync(context, StatusCodes.Status200OK, properties);
    }

    private static async Task FailAsync(HttpContext context, int status, string message, RefusedException? refused = null)
    {
        if (context.Response.HasStarted)
        {
            context.Abort(); // half an answer must not look like a whole one
            return;
        }
        var kept = KeptHeaders.Select(name => context.Response.Headers[name]).ToArray();
        context.Response.Clear();
        for (var index = 0; index < kept.Length; index++)
            context.Response.Headers[KeptHeaders[index]] = kept[index];
        if (status == StatusCodes.Status413PayloadTooLarge)
            context.Response.Headers.Connection = "close"; // what still comes is not worth reading
        var isText = context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal);
        await Json.SendAsync(context, status, json =>
        {
            if (isText)
                OpenAiError.WriteMember(json, status, message, refused?.Parameter, refused?.Code);
            else
                json.WriteString("error"u8, message);
        });
    }

    private void WriteServer(Utf8JsonWriter json)
    {
        json.WriteString("name"u8, $"adaptation-host, {facts.Engine} on {facts.Device}");
        json.WriteString("version"u8, facts.EngineVersion);
        json.WriteStartArray("extensions"u8);
        json.WriteStringValue(Oip.BinaryExtension);
        if (repository is not null)
            json.WriteStringValue(Repository.Extension);
        json.WriteEndArray();
    }

    private static void WriteModelReady(Utf8JsonWriter json, string name)
    {
        json.WriteString("name"u8, name);
        json.WriteBoolean("ready"u8, true);
    }

    private static void WriteModel(Utf8JsonWriter json, AdapterFacts facts, ServedModel served)
    {
        json.WriteString("name"u8, served.Name);
        json.WriteStartArray("versions"u8);
        json.WriteStringValue(Oip.ModelVersion);
        json.WriteEndArray();
        json.WriteString("platform"u8, facts.Platform);
        WriteSpecs(json, "inputs", served.Signature.Inputs);
        WriteSpecs(json, "outputs", served.Signature.Outputs);
    }

    /// <summary>The protocol has no word for a free rank, nor for a free type: one free dimension, and the empty word, which its gRPC form has for what is not set.</summary>
    private static void WriteSpecs(Utf8JsonWriter json, string side, IEnumerable<TensorSpec> specs)
    {
        json.WriteStartArray(side);
        foreach (var spec in specs)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, spec.Name);
            json.WriteString("datatype"u8, spec.Type?.Word() ?? "");
            json.WriteStartArray("shape"u8);
            foreach (var size in spec.Shape ?? [-1])
                json.WriteNumberValue(size);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
