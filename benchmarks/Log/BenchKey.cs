using Adaptation.Certificates;

namespace Adaptation.Benchmarks.Log;

/// <summary>A key of a log, as `adapt log new` makes it.</summary>
internal static class BenchKey
{
    public static LogKey Make(string file, string origin)
    {
        static Passphrase Prompt(string what, bool isNew) => new("for a benchmark"u8);
        return LogKey.Create(file, origin, KeyEnvironment.Test, TimeSpan.FromDays(1), Prompt, TimeProvider.System);
    }
}
