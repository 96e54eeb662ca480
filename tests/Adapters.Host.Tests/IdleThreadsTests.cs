using System.Text;

namespace Adaptation.Adapters.Host.Tests;

public sealed class IdleThreadsTests
{
    [Fact]
    public void The_runtime_reads_the_setting_by_the_name_that_is_set()
    {
        var runtime = File.ReadAllBytes(typeof(object).Assembly.Location);

        Assert.True(
            runtime.AsSpan().IndexOf(Encoding.Unicode.GetBytes(IdleThreads.SpinLimit)) >= 0,
            $"{typeof(object).Assembly.Location} does not know {IdleThreads.SpinLimit} any more: look up what the pool of this runtime calls it");
    }

    [Fact]
    public void Threads_are_told_to_rest()
    {
        IdleThreads.Rest(); // the pool of this process has read it long ago

        Assert.Equal("0", AppContext.GetData(IdleThreads.SpinLimit));
    }
}
