using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Adaptation.Core;
using Adaptation.Models;
using Adaptation.Runner;

namespace Adaptation.Cli;

/// <summary>The options of <c>adapt load</c>, read together so that every mistake is named at once.</summary>
internal sealed class LoadOptions
{
    private const int MostTokens = 1_000_000;

    private readonly Option<string> _url = new("--url") { Description = "Base address: http://host:port/v1, or unix:/path  服务器地址", Required = true, HelpName = "URL" };
    private readonly Option<string> _model = new("--model") { Description = "Name of the model, as the server spells it  模型名", Required = true, HelpName = "NAME" };
    private readonly Option<string> _scenario = new("--scenario") { Description = "single, multi, server (Poisson), offline, concurrency, sweep, search  场景", DefaultValueFactory = _ => "concurrency", HelpName = "NAME" };
    private readonly Option<string?> _rate = new("--rate") { Description = "Requests per second: of server, or where search begins  每秒请求数", HelpName = "R" };
    private readonly Option<int?> _streams = new("--streams") { Description = "Requests at a time; the most of a sweep; samples per query of multi  并发数", HelpName = "N" };
    private readonly Option<string?> _duration = new("--duration") { Description = "How long requests become due: 60s, 5m  持续时间", HelpName = "TIME" };
    private readonly Option<int?> _requests = new("--requests") { Description = "How many requests; with --duration, the first to come  请求数", HelpName = "N" };
    private readonly Option<int> _prompt = new("--prompt-tokens") { Description = "Tokens of each prompt  提示词词元数", DefaultValueFactory = _ => 100, HelpName = "N" };
    private readonly Option<int> _output = new("--output-tokens") { Description = "Tokens of each answer (max_tokens)  应答词元数", DefaultValueFactory = _ => 300, HelpName = "N" };
    private readonly Option<string?> _ttft = new("--ttft-limit") { Description = "Limit of the time to the first token: 500ms  首词元时延限值", HelpName = "TIME" };
    private readonly Option<string?> _tpot = new("--tpot-limit") { Description = "Limit of the time per output token: 50ms  每词元时延限值", HelpName = "TIME" };
    private readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "The model's tokenizer.json or GGUF file, to count tokens with  分词器文件", HelpName = "FILE" };
    private readonly Option<string?> _key = new("--api-key-file") { Description = "File with the key to send as a bearer token  密钥文件", HelpName = "FILE" };
    private readonly Option<bool> _chat = new("--chat") { Description = "Ask /chat/completions instead of /completions  使用对话接口" };
    private readonly Option<bool> _plain = new("--plain") { Description = "Send neither ignore_eos nor return_token_ids, which some servers refuse; answers may end early  仅发送标准字段" };
    private readonly Option<string?> _temperature = new("--temperature") { Description = "0 to 2; 0 is greedy  采样温度", HelpName = "T" };
    private readonly Option<long> _seed = new("--seed") { Description = "Of prompts and arrivals  随机种子", DefaultValueFactory = _ => 1, HelpName = "S" };

    private readonly List<Problem> _problems = [];

    public Option<string> Out { get; } = new("--out") { Description = "Folder for results  结果目录", DefaultValueFactory = _ => "loads", HelpName = "DIR" };

    public Option<bool> Json { get; } = new("--json") { Description = "One JSON object per line, for scripts  逐行输出 JSON" };

    public Command AddTo(Command command)
    {
        _scenario.AcceptOnlyFromAmong("single", "multi", "server", "offline", "concurrency", "sweep", "search");
        foreach (var option in new Option[] { _url, _model, _scenario, _rate, _streams, _duration, _requests, _prompt, _output, _ttft, _tpot, _tokenizer, _key, _chat, _plain, _temperature, _seed, Out, Json })
            command.Options.Add(option);
        return command;
    }

    /// <exception cref="BadInputException">Names every mistake.</exception>
    public (TextTarget Target, TextWorkload Workload, LoadRequest Request) Read(ParseResult parsed, Func<string, ITokenizer> openTokenizer)
    {
        _problems.Clear();
        var url = parsed.GetValue(_url)!;
        var target = Target(url, parsed.GetValue(_key));
        var workload = new WorkloadSpec
        {
            Model = parsed.GetValue(_model)!,
            PromptTokens = Within(parsed.GetValue(_prompt), "--prompt-tokens", MostTokens),
            OutputTokens = Within(parsed.GetValue(_output), "--output-tokens", MostTokens),
            Seed = parsed.GetValue(_seed),
            Chat = parsed.GetValue(_chat),
            IgnoreEos = !parsed.GetValue(_plain),
            AskTokenIds = !parsed.GetValue(_plain),
            Temperature = Temperature(parsed.GetValue(_temperature)),
        };
        if (workload.Seed < 0)
            Wrong("--seed", "is 0 or more");
        var request = Request(parsed, url);
        ITokenizer? tokenizer = null;
        if (parsed.GetValue(_tokenizer) is { } file && File.Exists(file))
            tokenizer = openTokenizer(file);
        else if (parsed.GetValue(_tokenizer) is { } missing)
            Wrong("--tokenizer", $"there is no file {missing}; give the model's tokenizer.json or GGUF file");
        if (_problems.Count > 0 || target is null)
            throw new BadInputException([.. _problems]);
        return (target, new TextWorkload(workload, tokenizer), request);
    }

    private LoadRequest Request(ParseResult parsed, string url)
    {
        var scenario = parsed.GetValue(_scenario)!;
        var limits = new TextLimits(Nanos(parsed.GetValue(_ttft), "--ttft-limit"), Nanos(parsed.GetValue(_tpot), "--tpot-limit"));
        var rate = Rate(parsed.GetValue(_rate));
        var duration = Time(parsed.GetValue(_duration), "--duration");
        var requests = parsed.GetValue(_requests);
        if (requests is { } count)
            requests = Within(count, "--requests", MostTokens);
        if (scenario == "server" && rate is null)
            Wrong("--rate", "a server load needs a rate: --rate 2 offers two requests per second");
        if (scenario == "search" && limits is { FirstTokenNanos: null, PerOutputTokenNanos: null })
            Wrong("--ttft-limit", "a search looks for the highest rate that keeps limits: give --ttft-limit, --tpot-limit or both");
        if (scenario == "offline" && requests is null)
            Wrong("--requests", "an offline load needs a number of requests");
        var streams = parsed.GetValue(_streams) ?? (scenario is "sweep" ? 64 : scenario is "multi" or "concurrency" ? 8 : 1);
        return new LoadRequest
        {
            Scenario = scenario,
            Server = url,
            Extent = requests is null && duration is null ? new(null, scenario == "search" ? null : TimeSpan.FromSeconds(60)) : new(requests, duration),
            RateMilli = rate ?? 1000,
            Streams = Within(streams, "--streams", 4096),
            Limits = limits,
            MaxConnections = Math.Max(512, Math.Clamp(streams, 1, 4096)),
        };
    }

    private TextTarget? Target(string url, string? keyFile)
    {
        ImmutableArray<KeyValuePair<string, string>> headers = keyFile is null ? [] : Key(keyFile);
        if (url.StartsWith("unix:/", StringComparison.Ordinal))
            return new(new Transport.UnixSocket(url["unix:".Length..]), null, "/v1", headers);
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Query.Length > 0)
        {
            Wrong("--url", $"'{url}' is no base address; expected http://host:port/v1 or unix:/path");
            return null;
        }

        return new(
            new Transport.Tcp(uri.IdnHost.Trim('[', ']'), uri.Port), uri.Scheme == "https" ? uri.IdnHost : null, uri.AbsolutePath.TrimEnd('/'), headers);
    }

    private ImmutableArray<KeyValuePair<string, string>> Key(string file)
    {
        var key = "";
        try
        {
            key = File.ReadAllText(file).Trim();
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            Wrong("--api-key-file", denied.Message);
            return [];
        }

        if (key.Length == 0 || key.Any(c => c is <= ' ' or > '~'))
            Wrong("--api-key-file", $"{file} holds no key: one line of printable ASCII is expected");
        return [new("Authorization", $"Bearer {key}")];
    }

    private long? Rate(string? text)
    {
        if (text is null)
            return null;
        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) && rate is >= 0.001m and <= 1_000_000)
            return (long)(rate * 1000);
        Wrong("--rate", $"'{text}' is no rate; expected requests per second, such as 2 or 0.5");
        return null;
    }

    private double Temperature(string? text)
    {
        if (text is null)
            return 0;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var temperature) && temperature is >= 0 and <= 2)
            return temperature;
        Wrong("--temperature", $"'{text}' is not from 0 to 2");
        return 0;
    }

    private long? Nanos(string? text, string option) => Time(text, option)?.Ticks * 100;

    private TimeSpan? Time(string? text, string option)
    {
        if (text is null)
            return null;
        var digits = text.TrimEnd('m', 's', 'h', 'u');
        decimal? unit = text[digits.Length..] switch { "us" => 10, "ms" => 10_000, "s" => 10_000_000, "m" => 600_000_000, "h" => 36_000_000_000, _ => null };
        if (unit is { } ticks && decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * ticks is >= 1 and <= 864_000_000_000)
            return new TimeSpan((long)(number * ticks));
        Wrong(option, $"'{text}' is no time; expected a number and us, ms, s, m or h, such as 500ms or 60s, up to a day");
        return null;
    }

    private int Within(int value, string option, int most)
    {
        if (value < 1 || value > most)
            Wrong(option, $"{value} is not from 1 to {most}");
        return Math.Clamp(value, 1, most);
    }

    private void Wrong(string option, string message) => _problems.Add(new(option, 0, "", message));
}
