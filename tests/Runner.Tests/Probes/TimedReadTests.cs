namespace Adaptation.Runner.Tests;

/// <summary>What hangs in the kernel is left behind, once, and holds up nothing else.</summary>
public sealed class TimedReadTests
{
    [Fact(Timeout = 60_000)]
    public async Task What_hangs_is_left_behind_is_not_asked_again_and_is_asked_once_it_is_over()
    {
        var (stuck, asked, token) = (new ManualResetEventSlim(), 0, TestContext.Current.CancellationToken);
        bool Try(string what) => TimedRead.TryRun(what, TimeSpan.FromSeconds(0.2), () =>
        {
            Interlocked.Increment(ref asked);
            if (what == "stuck")
                stuck.Wait(CancellationToken.None);
        });

        Assert.False(await Task.Run(() => Try("stuck"), token).WaitAsync(TimeSpan.FromSeconds(20), token));
        Assert.False(Try("stuck"));
        Assert.Equal(1, asked);
        Assert.True(TimedRead.TryRun("other", TimeSpan.FromSeconds(30), () => { }));

        stuck.Set();
        while (!Try("stuck"))
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, token);
    }
}
