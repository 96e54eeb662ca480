using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Adaptation.Simulators;

/// <summary>Stands between the runner and the real host, and spoils what passes.</summary>
internal sealed class FaultyServer(Faults faults, InnerHost inner)
{
    private const int DiedUnderLoad = 18;
    private const long MaxBody = 256L << 20;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly ConcurrentDictionary<byte[], TensorMessage> _remembered = new(new SameBytes());
    private long _asked;
    private int _underWay;

    public static WebApplication Create(Faults faults, InnerHost inner) => Create(faults, new FaultyServer(faults, inner).HandleAsync);

    /// <summary>A server that listens where it was told to.</summary>
    public static WebApplication Create(Faults faults, RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = endPoint =>
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
            if (endPoint is System.Net.Sockets.UnixDomainSocketEndPoint unix)
                File.SetUnixFileMode(unix.ToString()!, (UnixFileMode)0b110_110_110); // the runner is another user outside the container
            return socket;
        });
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = MaxBody;
            options.Limits.MinRequestBodyDataRate = null;
            options.Limits.MinResponseDataRate = null;
            Listen(options, faults.Listen);
        });
        var app = builder.Build();
        app.Run(handle);
        return app;
    }

    private static void Listen(KestrelServerOptions options, string where)
    {
        if (where.StartsWith("unix:", StringComparison.Ordinal))
            options.ListenUnixSocket(where["unix:".Length..]);
        else
            options.Listen(IPAddress.Loopback, int.Parse(where.AsSpan("tcp:".Length), NumberStyles.None, CultureInfo.InvariantCulture));
    }

    private async Task HandleAsync(HttpContext context)
    {
        var began = _time.GetTimestamp();
        var isInference = context.Request.Path.Value!.EndsWith("/infer", StringComparison.Ordinal);
        var number = isInference ? Interlocked.Increment(ref _asked) : 0;
        try
        {
            if (isInference && faults.DieAfter >= 0 && number > faults.DieAfter)
                Die();
            if (isInference && faults.HangAfter >= 0 && number > faults.HangAfter)
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, context.RequestAborted);
            var message = await ReadAsync(context, isInference && number >= faults.From);
            var (status, answer, crowd) = await CountedAsync(context, message, began);
            if (isInference && number >= faults.From)
                answer = Spoil(answer, crowd);
            await SendAsync(context, status, answer, isInference && number >= faults.From);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort(); // nobody is left to answer
        }
    }

    /// <summary>Under way ends before the answer is sent: a client that asks again at once is no crowd.</summary>
    private async Task<(int Status, TensorMessage Answer, int Crowd)> CountedAsync(HttpContext context, TensorMessage message, long began)
    {
        var before = Interlocked.Increment(ref _underWay);
        try
        {
            var (status, answer) = await AnswerAsync(context, message);
            await WaitAsync(began, context.RequestAborted);
            return (status, answer, Math.Max(before, Volatile.Read(ref _underWay)));
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private async Task<(int Status, TensorMessage Answer)> AnswerAsync(HttpContext context, TensorMessage message)
    {
        if (_remembered.TryGetValue(message.Body, out var known))
            return (StatusCodes.Status200OK, known with { Body = [.. known.Body] });
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), context.Request.Path.Value) { Content = message.ToContent() };
        using var response = await inner.Client.SendAsync(request, context.RequestAborted);
        var answer = await TensorMessage.ReadAsync(response, context.RequestAborted);
        if (faults.Remember && response.IsSuccessStatusCode && message.Body.Length > 0)
            _remembered[message.Body] = answer with { Body = [.. answer.Body] };
        return ((int)response.StatusCode, answer);
    }

    private async Task<TensorMessage> ReadAsync(HttpContext context, bool spoils)
    {
        var message = await TensorMessage.ReadAsync(context.Request, context.RequestAborted);
        if (spoils && faults.SwapRedBlue)
            message.SwapFirstAndLastPlane();
        return message;
    }

    private TensorMessage Spoil(TensorMessage answer, int crowd)
    {
        if (faults.Scale != 1)
            answer.Scale(faults.Scale);
        if (faults.ZerosUnderLoad && crowd > 1)
            answer.Scale(0);
        return faults.WrongShape ? answer.WithShapeReversed() : answer;
    }

    private async Task WaitAsync(long began, CancellationToken cancellationToken)
    {
        await Task.Delay(faults.Delay, _time, cancellationToken);
        const double Throttled = 1 / 0.85;
        var pace = faults.ThrottleFile is { } file && File.Exists(file) ? faults.Pace * Throttled : faults.Pace;
        // the timer is coarse: what is left of the last milliseconds is spun away, so that the rate is constant
        var rest = pace - _time.GetElapsedTime(began) - TimeSpan.FromMilliseconds(2);
        if (rest > TimeSpan.Zero)
            await Task.Delay(rest, _time, cancellationToken);
        while (_time.GetElapsedTime(began) < pace)
            await Task.Yield();
    }

    private async Task SendAsync(HttpContext context, int status, TensorMessage answer, bool spoils)
    {
        var response = context.Response;
        response.StatusCode = status;
        if (spoils && faults.Garbage)
        {
            await response.Body.WriteAsync("this is no tensor {]\0\u0001 neither is it JSON"u8.ToArray(), context.RequestAborted);
            return;
        }

        response.ContentType = answer.ContentType;
        response.ContentLength = answer.Body.Length;
        if (answer.HeaderLength is { } header)
            response.Headers[TensorMessage.HeaderLengthName] = header.ToString(CultureInfo.InvariantCulture);
        var sent = spoils && faults.Truncate ? answer.Body.Length / 2 : answer.Body.Length;
        await response.Body.WriteAsync(answer.Body.AsMemory(0, sent), context.RequestAborted);
        if (sent == answer.Body.Length)
            return;
        await response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    }

    /// <summary>At once, as a crash does: nothing is closed and nobody is told.</summary>
    private static void Die()
    {
        Console.Error.WriteLine("adaptation-simulator: asked to die now");
        Environment.Exit(DiedUnderLoad);
    }

    /// <summary>Without a digest: the image has no libssl.</summary>
    private sealed class SameBytes : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? one, byte[]? other) => one.AsSpan().SequenceEqual(other);

        public int GetHashCode(byte[] bytes)
        {
            var hash = new HashCode();
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }
    }
}
