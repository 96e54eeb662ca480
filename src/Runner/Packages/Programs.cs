using System.Diagnostics;

namespace Adaptation.Runner;

/// <summary>Runs the few programs of the machine that the runner needs, and leaves none behind.</summary>
internal static class Programs
{
    private const int Kept = 40;

    /// <summary>Runs to the end; on cancellation the whole process tree is killed.</summary>
    /// <param name="start">Output and error must be redirected.</param>
    /// <returns>The exit code and the last lines of both streams.</returns>
    public static async Task<(int Exit, string Tail)> RunAsync(ProcessStartInfo start, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = start };
        var tail = new Queue<string>();
        void Keep(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is null)
                return;
            lock (tail)
            {
                tail.Enqueue(line.Data);
                if (tail.Count > Kept)
                    tail.Dequeue();
            }
        }

        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.Start();
        if (start.RedirectStandardInput)
            process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            // what it was writing to must be at rest before the caller removes it
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }

        lock (tail)
            return (process.ExitCode, string.Join('\n', tail));
    }
}
