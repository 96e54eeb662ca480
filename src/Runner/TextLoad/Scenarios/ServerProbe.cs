using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>Asks a server once, so that what can never work is said before anything is measured.</summary>
internal static class ServerProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <exception cref="BadInputException">Wrong address, model, key or options.</exception>
    /// <exception cref="BrokenEnvironmentException">Nobody answers there.</exception>
    public static async Task AskAsync(
        ITextLoadDriver driver, TextTarget target, TextWorkload workload, LoadRequest request, CancellationToken cancellationToken)
    {
        var limit = request.RequestLimit < Limit ? request.RequestLimit : Limit;
        var outcome = await new TextBench(driver, target, workload, limit, maxConnections: 1, progress: null)
            .RunAsync(new TextScenario.SingleStream(), new LoadExtent(1, null), cancellationToken);
        if (outcome.Samples is not [var sample])
            throw new BrokenEnvironmentException($"{request.Server} cannot be reached: {outcome.BrokenOff ?? "no answer"}. Check that the server runs and listens there. 无法连接服务器。");
        if (Broken(request, sample) is { } broken)
            throw new BrokenEnvironmentException(broken);
        if (Wrong(request, workload.Spec, sample) is { } wrong)
            throw new BadInputException([new Problem(request.Server, 0, "", wrong)]);
    }

    private static string? Broken(LoadRequest request, TextSample sample) => sample.Failure switch
    {
        TextFailure.NoConnection => $"{request.Server} cannot be reached: {sample.Explanation}. Check that the server runs and listens there. 无法连接服务器。",
        TextFailure.Timeout => $"{request.Server} did not answer one request in time: {sample.Explanation}. Is the model loaded? 服务器未按时应答。",
        TextFailure.Broken => $"{request.Server} closed the connection: {sample.Explanation}. See the server's log. 服务器中断了连接。",
        _ => null,
    };

    private static string? Wrong(LoadRequest request, WorkloadSpec spec, TextSample sample)
    {
        var said = sample.Explanation is { Length: > 0 } words ? $": {words}" : "";
        return (sample.Failure, sample.Status) switch
        {
            (null, _) when sample.Chunks.Length == 0 => "answered one request without any text; ask for more tokens (--output-tokens), or see whether the model ends at once. 应答为空。",
            (null, _) => null,
            (_, 401 or 403) => $"does not take this key (status {sample.Status}){said}. Give the right one with --api-key-file. 密钥无效。",
            (_, 404) when said.Contains("model", StringComparison.OrdinalIgnoreCase) => $"has no model '{spec.Model}' (status 404){said}. Give the name that GET {request.Server}/models shows with --model. 没有该模型。",
            (_, 404 or 405) => $"is no OpenAI-compatible API (status {sample.Status}){said}. Does the address end in /v1? 地址不是 OpenAI 兼容接口。",
            (_, 400 or 422) => $"refuses the request (status {sample.Status}){said}. If it dislikes ignore_eos or return_token_ids, add --plain; if the prompt is too long, lower --prompt-tokens. 服务器拒绝该请求。",
            (TextFailure.Protocol or TextFailure.Truncated, 200) => $"does not stream as the OpenAI API does{said}. Turn streaming on at the server or its proxy. 服务器未按流式返回。",
            _ => $"does not answer as it should (status {sample.Status}){said}. See the server's log. 服务器应答异常。",
        };
    }
}
