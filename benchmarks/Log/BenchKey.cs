using Adaptation.Certificates;

namespace Adaptation.Benchmarks.Log;

/// <summary>A key of a log, as `adapt keys new` and `adapt log new` make it.</summary>
internal static class BenchKey
{
    public static LogKey Make(string file, string origin)
    {
        static Passphrase Prompt(string what, bool isNew) => new("for a benchmark"u8);
        var spec = new KeySpec { Duty = KeyDuty.Log, Algorithm = KeyAlgorithm.Ed25519, Environment = KeyEnvironment.Test, Life = TimeSpan.FromDays(1) };
        LogKey.Create(file, origin, KeyFile.Create(file, spec, Prompt, TimeProvider.System));
        return LogKey.Open(file, KeyFile.Open(file, Prompt));
    }
}
