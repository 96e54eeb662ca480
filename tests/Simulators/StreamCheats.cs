using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Adaptation.Simulators;

/// <summary>Spoils the events of one stream.</summary>
internal static class StreamCheats
{
    private const int Kept = 24;
    private const int Batch = 8;

    public static async IAsyncEnumerable<JsonObject> TwiceAsync(IAsyncEnumerable<JsonObject> events)
    {
        var isFirst = true;
        await foreach (var json in events)
        {
            yield return json;
            if (isFirst && json.Choice() is { } choice && choice["finish_reason"] is null && choice.Text().Length > 0)
            {
                yield return json.DeepClone().AsObject();
                isFirst = false;
            }
        }
    }

    public static async IAsyncEnumerable<JsonObject> DropAsync(IAsyncEnumerable<JsonObject> events)
    {
        var sent = 0;
        await foreach (var json in events)
        {
            var isLate = sent >= Kept;
            if (json.Choice() is { } choice)
            {
                sent += choice.Ids().Length;
                if (isLate && choice["finish_reason"] is null)
                    continue;
                if (isLate)
                {
                    choice.SetText("");
                    choice.SetIds([]);
                }
            }

            yield return json;
        }
    }

    public static async IAsyncEnumerable<JsonObject> BatchAsync(IAsyncEnumerable<JsonObject> events)
    {
        var held = new List<JsonObject>();
        await foreach (var json in events)
        {
            if (json.Choice() is { } choice)
            {
                held.Add(json);
                if (held.Count < Batch && choice["finish_reason"] is null)
                    continue;
                choice.SetText(string.Concat(held.Select(part => part.Choice()!.Text())));
                choice.SetIds([.. held.SelectMany(part => part.Choice()!.Ids())]);
                held.Clear();
            }

            yield return json;
        }
    }

    /// <summary>Reports other counts than the real ones.</summary>
    public static async IAsyncEnumerable<JsonObject> CountedAsync(IAsyncEnumerable<JsonObject> events, string name, Func<long, long> change)
    {
        await foreach (var json in events)
        {
            json.SetUsage(name, change);
            yield return json;
        }
    }

    public static async IAsyncEnumerable<JsonObject> LeakAsync(IAsyncEnumerable<JsonObject> events, string text, int[] ids)
    {
        var isFirst = true;
        await foreach (var json in events)
        {
            if (isFirst && json.Choice() is { } choice)
            {
                choice.SetText(text + choice.Text());
                choice.SetIds([.. ids, .. choice.Ids()]);
                isFirst = false;
            }

            yield return json;
        }
    }

    public static async IAsyncEnumerable<JsonObject> EndedAsync(IAsyncEnumerable<JsonObject> events, string finish)
    {
        await foreach (var json in events)
        {
            if (json.Choice() is { } choice && choice["finish_reason"] is not null)
                choice["finish_reason"] = finish;
            yield return json;
        }
    }

    /// <summary>No event earlier than its turn.</summary>
    /// <param name="pace">Asked anew for each event.</param>
    public static async IAsyncEnumerable<JsonObject> PacedAsync(
        IAsyncEnumerable<JsonObject> events, Func<TimeSpan> pace, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (began, due) = (time.GetTimestamp(), TimeSpan.Zero);
        await foreach (var json in events)
        {
            due += pace();
            if (due - time.GetElapsedTime(began) is var rest && rest > TimeSpan.Zero)
                await Task.Delay(rest, time, cancellationToken);
            yield return json;
        }
    }
}
