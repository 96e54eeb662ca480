using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Adaptation.Runner;

/// <summary>Runs all of the client's code once before it measures, against a server of its own on loopback, so that no compiling falls into a load.</summary>
internal static class TextWarmUp
{
    private const int Streams = 4, Requests = 400, Chunks = 8;

    public static async Task RunAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(Streams);
        var body = "{\"stream\":true}"u8.ToArray();
        var request = new TextRequest("/v1/completions", body);
        var spec = new TextLoadSpec
        {
            Transport = new Transport.Tcp("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port),
            Requests = [.. Enumerable.Repeat(request, Requests)],
            Arrivals = new Arrivals.Concurrent(Streams, null, TimeSpan.FromMilliseconds(1)),
            RequestLimit = TimeSpan.FromSeconds(30),
        };
        var length = TextRequestHead.Write(spec, request).Length + body.Length;
        var serving = Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => ServeAsync(listener, length)));
        var due = Enumerable.Range(0, Requests).Select(number => number * 20_000L);
        var scheduled = spec with { Arrivals = new Arrivals.Scheduled([.. due]), MaxConnections = Streams };
        await TextLoadDriver.DriveAsync(spec, null, CancellationToken.None);
        await serving;
        serving = Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => ServeAsync(listener, length)));
        await TextLoadDriver.DriveAsync(scheduled, null, CancellationToken.None);
        await serving;
    }

    private static async Task ServeAsync(Socket listener, int requestLength)
    {
        using var client = await listener.AcceptAsync(CancellationToken.None);
        client.NoDelay = true;
        var (room, answer) = (new byte[requestLength], Answer());
        while (true)
        {
            for (var filled = 0; filled < requestLength;)
            {
                var count = await client.ReceiveAsync(room.AsMemory(filled), CancellationToken.None);
                if (count == 0)
                    return;
                filled += count;
            }

            foreach (var part in answer)
                await client.SendAsync(part, CancellationToken.None);
        }
    }

    private static byte[][] Answer()
    {
        static string Framed(string text) => $"{text.Length:x}\r\n{text}\r\n";
        var events = Enumerable.Range(0, Chunks)
            .Select(number => Framed($"data: {{\"id\":\"warm\",\"choices\":[{{\"index\":0,\"text\":\" word {number}\",\"token_ids\":[{number}],\"finish_reason\":null}}]}}\n\n"));
        const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        var last = Framed("data: {\"choices\":[{\"index\":0,\"text\":\"\",\"finish_reason\":\"length\"}]}\n\n");
        var end = last + Framed("data: [DONE]\n\n") + "0\r\n\r\n";
        return [.. events.Prepend(Head).Append(end).Select(Encoding.ASCII.GetBytes)];
    }
}
