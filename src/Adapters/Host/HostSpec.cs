using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Adaptation.Core;

namespace Adaptation.Adapters.Host;

/// <summary>What the command line asks for.</summary>
internal sealed record HostSpec
{
    public static string Help { get; } = $"""
        adaptation-host serves one model over the Open Inference Protocol v2 (REST, with binary tensors),
        and a language model over the OpenAI-compatible API too.

          adaptation-host --adapter onnxruntime --library PATH --model DIR-or-FILE --listen WHERE [options]
          adaptation-host --adapter llamacpp --library PATH --model DIR-or-FILE --listen WHERE [options]
          adaptation-host --adapter libtorch --library PATH --model DIR-or-FILE --listen WHERE [options]
          adaptation-host --adapter echo --listen WHERE
          adaptation-host --adapter pace --listen WHERE [--first-ms N] [--gap-ms N] [--tokens N]

          --adapter NAME           onnxruntime, llamacpp, libtorch, echo: input x of any shape comes back as output y,
                                   or pace: answers OpenAI-compatible requests at a known pace, without a model
          --listen WHERE           unix:/run/adaptation/serve.sock or tcp:127.0.0.1:8080
          --library PATH           libonnxruntime.so, or libllama.so or its folder, of the build to use; for libtorch the
                                   shim that was compiled against it
          --model DIR-or-FILE      the model; a folder holds one .onnx, .gguf or .pt file, or one called model
          --model-name NAME        what the model is called on the wire; the file's or folder's name if left out
          --threads N              threads on the CPU, 1 to {EngineThreads.Most}
          --max-body-mib N         largest request, 1 to 2047 MiB; 256 if left out
          --api-key-file PATH      requests other than for health must show this file's key as a bearer token
          --help                   this text

        onnxruntime:
          --provider NAME          execution provider; CPUExecutionProvider if left out
          --option K=V             handed to the provider; may be repeated
          --provider-library PATH  plug-in library that brings the provider
          --no-cpu-fallback        refuse a model of which a part would run on the CPU

        llamacpp:
          --option K=V             devices, device_layers, context_length, sequences, batch, micro_batch, cache_type,
                                   flash_attention, pooling; may be repeated. A request whose client left keeps its
                                   place until a step of `batch` positions ends, so a slow device wants small steps
          --queue N                choices that may wait for a sequence; 256 if left out

        libtorch:
          --option K=V             device (cpu, cuda:0, npu, ...; cpu if left out), plugins (libraries that bring
                                   devices, colon between paths); may be repeated

        pace, which takes --listen and no other of the arguments above:
          --first-ms N             milliseconds to the first token, fractions allowed; 20 if left out
          --gap-ms N               milliseconds between tokens; 20 if left out, 0: as fast as they are taken
          --tokens N               tokens of an answer whose request has no max_tokens; 100 if left out

        Exit codes: 0 ended as asked, 3 the arguments are wrong, 4 the engine or the model cannot be loaded.
        """;

    public const string Echo = "echo", OnnxRuntime = "onnxruntime", LlamaCpp = "llamacpp", LibTorch = "libtorch";

    private static readonly string[] Flags = ["--no-cpu-fallback", "--help"];

    private static readonly string[] Repeated = ["--option"];

    private static readonly string[] Needed = ["--library", "--model"];

    private static readonly string[] Common = ["--adapter", "--listen", "--model-name", "--max-body-mib", "--api-key-file", "--help"];

    /// <summary>What an adapter takes besides <see cref="Common"/>.</summary>
    private static readonly Dictionary<string, string[]> Own = new(StringComparer.Ordinal)
    {
        [Echo] = [],
        [OnnxRuntime] = [.. Needed, "--provider", "--option", "--provider-library", "--no-cpu-fallback", "--threads"],
        [LlamaCpp] = [.. Needed, "--threads", "--option", "--queue"],
        [LibTorch] = [.. Needed, "--threads", "--option"],
    };

    private static readonly string[] Known = [.. Common, .. Own.Values.SelectMany(names => names)];

    public required string Adapter { get; init; }

    public required EndPoint Listen { get; init; }

    public string Library { get; init; } = "";

    public string Model { get; init; } = "";

    public required string ModelName { get; init; }

    public string? Provider { get; init; }

    /// <summary>For the engine or its provider, by its own names.</summary>
    public ImmutableSortedDictionary<string, string> Options { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public string? ProviderLibrary { get; init; }

    public bool CpuFallback { get; init; } = true;

    public int? Threads { get; init; }

    /// <summary>Choices that may wait for a sequence.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>Null if anyone may ask.</summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>Bytes of the largest request body.</summary>
    public required long MaxBody { get; init; }

    /// <returns>Null, with every problem found, where the arguments cannot be used.</returns>
    public static HostSpec? TryParse(IReadOnlyList<string> arguments, out ImmutableArray<string> problems)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        var given = Pairs(arguments, found);
        var spec = Read(given, found);
        problems = found.ToImmutable();
        return problems.IsEmpty ? spec : null;
    }

    private static Dictionary<string, List<string>> Pairs(IReadOnlyList<string> arguments, ImmutableArray<string>.Builder problems)
    {
        var given = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        for (var index = 0; index < arguments.Count; index++)
        {
            var name = arguments[index];
            if (!Known.Contains(name))
            {
                problems.Add($"{name}: there is no such argument");
                continue;
            }
            var isFlag = Flags.Contains(name);
            if (!isFlag && index + 1 == arguments.Count)
            {
                problems.Add($"{name}: its value is missing");
                continue;
            }
            if (!given.TryGetValue(name, out var values))
                given[name] = values = [];
            else if (!Repeated.Contains(name))
                problems.Add($"{name}: given more than once");
            values.Add(isFlag ? "" : arguments[++index]);
        }
        return given;
    }

    private static HostSpec Read(Dictionary<string, List<string>> given, ImmutableArray<string>.Builder problems)
    {
        string? One(string name) => given.TryGetValue(name, out var values) ? values[^1] : null;
        var adapter = One("--adapter");
        if (adapter is null || !Own.TryGetValue(adapter, out var own))
            problems.Add($"--adapter: is {adapter ?? "not given"}; onnxruntime, llamacpp, libtorch, echo or pace is expected");
        else
            problems.AddRange(given.Keys.Except(Common).Except(own).Select(name => adapter == Echo ? $"{name}: the echo has no use for it" : $"{name}: {adapter} has no use for it"));
        if (adapter is OnnxRuntime or LlamaCpp or LibTorch)
            problems.AddRange(Needed.Where(name => !given.ContainsKey(name)).Select(name => $"{name}: is not given"));

        var model = One("--model") ?? "";
        var name = One("--model-name") ?? (adapter == Echo ? Echo : Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(model)));
        if ((name.Length == 0 && adapter != Echo && model.Length > 0) || name.Contains('/', StringComparison.Ordinal))
            problems.Add($"--model-name: is '{name}'; a name without slashes is expected");
        return new()
        {
            Adapter = adapter ?? "",
            Listen = ReadListen(One("--listen"), problems) ?? new IPEndPoint(IPAddress.None, 0),
            Library = One("--library") ?? "",
            Model = model,
            ModelName = name,
            Provider = One("--provider"),
            Options = ReadOptions(given.GetValueOrDefault("--option") ?? [], problems),
            ProviderLibrary = One("--provider-library"),
            CpuFallback = !given.ContainsKey("--no-cpu-fallback"),
            Threads = ReadNumber("--threads", One("--threads"), EngineThreads.Most, problems),
            Queue = ReadNumber("--queue", One("--queue"), 1 << 20, problems) ?? 256,
            ApiKeyFile = One("--api-key-file"),
            MaxBody = (ReadNumber("--max-body-mib", One("--max-body-mib"), 2047, problems) ?? 256) * 1024L * 1024L,
        };
    }

    private static int? ReadNumber(string name, string? text, int largest, ImmutableArray<string>.Builder problems)
    {
        if (text is null)
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= largest)
            return number;
        problems.Add($"{name}: is {text}; 1 to {largest} is expected");
        return null;
    }

    private static ImmutableSortedDictionary<string, string> ReadOptions(List<string> texts, ImmutableArray<string>.Builder problems)
    {
        var options = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            var split = text.IndexOf('=', StringComparison.Ordinal);
            if (split < 1)
                problems.Add($"--option: is {text}; key=value is expected");
            else if (!options.TryAdd(text[..split], text[(split + 1)..]))
                problems.Add($"--option: {text[..split]} is given more than once");
        }
        return options.ToImmutable();
    }

    private static EndPoint? ReadListen(string? text, ImmutableArray<string>.Builder problems)
    {
        const int LongestPath = 107; // sun_path, with its closing zero
        if (text?.StartsWith("unix:/", StringComparison.Ordinal) == true && System.Text.Encoding.UTF8.GetByteCount(text) - 5 <= LongestPath)
            return new System.Net.Sockets.UnixDomainSocketEndPoint(text[5..]);
        if (text?.StartsWith("tcp:", StringComparison.Ordinal) == true
            && text[4..].Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text[4..], out var address))
            return address;
        problems.Add($"--listen: is {text ?? "not given"}; unix:/absolute/path (at most {LongestPath} bytes) or tcp:ADDRESS:PORT is expected");
        return null;
    }
}
