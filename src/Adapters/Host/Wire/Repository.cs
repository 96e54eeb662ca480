using System.Collections.Immutable;
using System.Text.Json;
using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.Host;

/// <summary>Models that clients hand over while the server runs: the model repository extension of the Open Inference Protocol. Safe for concurrent use.</summary>
/// <remarks>Source: KServe and Triton, model repository extension; a model's file comes as the load parameter <c>file:NAME</c>, in base64.</remarks>
/// <param name="taken">The name of the model that the server was started with, or empty.</param>
/// <param name="maxBody">Bytes of the largest request.</param>
internal sealed class Repository(IModelLoader loader, string taken, long maxBody) : IAsyncDisposable
{
    public const int MostModels = 64;

    /// <summary>As servers name the extension in their metadata.</summary>
    public const string Extension = "model_repository";

    private readonly Dictionary<string, ServedModel> _loaded = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1); // one change at a time: the bound on models holds, and an engine compiles one model at a time
    private bool _closed;

    /// <returns>The model, entered: the caller leaves it. Null if none of that name is loaded.</returns>
    public ServedModel? TryEnter(string name)
    {
        lock (_loaded)
            return _loaded.TryGetValue(name, out var model) && model.TryEnter() ? model : null;
    }

    /// <summary>Names of what is loaded, sorted.</summary>
    public ImmutableArray<string> Names
    {
        get
        {
            lock (_loaded)
                return [.. _loaded.Keys.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Serves one of the extension's routes: <c>index</c>, <c>models/NAME/load</c>, <c>models/NAME/unload</c>.</summary>
    /// <param name="rest">The path behind <c>/v2/repository</c>.</param>
    /// <returns>False if there is no such route.</returns>
    /// <exception cref="RefusedException">What was asked cannot be done; where the engine refuses a model, in its words.</exception>
    public async Task<bool> TryHandleAsync(HttpContext context, string[] rest)
    {
        switch (rest)
        {
            case ["index"]:
                Routes.Require(context, HttpMethods.Post);
                await Json.SendArrayAsync(context, WriteIndex);
                return true;
            case ["models", var name, "load"]:
                Routes.Require(context, HttpMethods.Post);
                await LoadAsync(context, Checked(name));
                await Json.SendAsync(context, StatusCodes.Status200OK, json => Done(json, name, "load"));
                return true;
            case ["models", var name, "unload"]:
                Routes.Require(context, HttpMethods.Post);
                await UnloadAsync(Checked(name));
                await Json.SendAsync(context, StatusCodes.Status200OK, json => Done(json, name, "unload"));
                return true;
            default:
                return false;
        }
    }

    /// <summary>Frees what is loaded, once no call is in flight.</summary>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync(CancellationToken.None);
        _closed = true;
        try
        {
            foreach (var name in Names)
                await Take(name)!.FreeAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task LoadAsync(HttpContext context, string name)
    {
        var cancellationToken = context.RequestAborted;
        if (context.Request.ContentLength > maxBody)
            throw RequestBody.TooLarge(maxBody);
        var body = new RequestBody(context.Request.BodyReader, context.Request.ContentLength, maxBody);
        var (file, content) = LoadRequest.Read((await body.ReadToEndAsync(cancellationToken)).Span);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_closed)
                throw new RefusedException(StatusCodes.Status409Conflict, "the server is ending");
            RequireRoom(name);
            var model = new ServedModel(name, await OpenAsync(name, file, content, cancellationToken), maxBody);
            ServedModel? before;
            lock (_loaded)
            {
                before = _loaded.GetValueOrDefault(name);
                _loaded[name] = model;
            }
            if (before is not null)
                await before.FreeAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<ITensorModel> OpenAsync(string name, string file, byte[] content, CancellationToken cancellationToken)
    {
        try
        {
            return await loader.OpenAsync(file, content, cancellationToken);
        }
        catch (AdapterException refused)
        {
            throw RefusedException.Bad($"model {name} is not loaded: {refused.Message}");
        }
    }

    private void RequireRoom(string name)
    {
        lock (_loaded)
        {
            if (_loaded.Count >= MostModels && !_loaded.ContainsKey(name))
                throw new RefusedException(StatusCodes.Status409Conflict, $"{MostModels} models are loaded, the most that this server takes; unload one");
        }
    }

    private async Task UnloadAsync(string name)
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            var model = Take(name) ?? throw new RefusedException(StatusCodes.Status404NotFound, $"there is no model {name} loaded");
            await model.FreeAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    private ServedModel? Take(string name)
    {
        lock (_loaded)
            return _loaded.Remove(name, out var model) ? model : null;
    }

    /// <summary>A name becomes part of a path and of messages, so it is plain.</summary>
    private string Checked(string name)
    {
        const int Longest = 128;
        if (name.Length is 0 or > Longest || name is "." or ".." || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            throw RefusedException.Bad($"a model's name has 1 to {Longest} letters, digits and . _ -");
        return name != taken ? name : throw RefusedException.Bad($"model {name} was started with the server and stays as it is");
    }

    private void WriteIndex(Utf8JsonWriter json)
    {
        foreach (var name in taken.Length > 0 ? Names.Add(taken) : Names)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name);
            json.WriteString("version"u8, Oip.ModelVersion);
            json.WriteString("state"u8, "READY"u8);
            json.WriteString("reason"u8, ""u8);
            json.WriteEndObject();
        }
    }

    private static void Done(Utf8JsonWriter json, string name, string what)
    {
        json.WriteString("name"u8, name);
        json.WriteBoolean(what, true);
    }
}
