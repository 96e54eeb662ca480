namespace Adaptation.Runner.Tests;

public sealed class NodePatternTests
{
    [Theory]
    [InlineData("/dev/davinci{index}", 3, "/dev/davinci3")]
    [InlineData("/dev/dri/renderD{index+128}", 3, "/dev/dri/renderD131")]
    [InlineData("/dev/va{index}_ctl{index+1}", 0, "/dev/va0_ctl1")]
    public void The_number_of_a_device_stands_in_its_nodes(string pattern, int index, string path)
    {
        Assert.True(new NodePattern(pattern).HasIndex);
        Assert.Equal(path, new NodePattern(pattern).Of(index));
        Assert.Equal([path], new NodePattern(pattern).Of([index]));
    }

    [Theory]
    [InlineData("/dev/davinci_manager")]
    [InlineData("/dev/x{index-1}")]
    [InlineData("/dev/x{index+}")]
    public void Anything_else_is_no_number(string pattern)
    {
        Assert.False(new NodePattern(pattern).HasIndex);
        Assert.Equal([pattern], new NodePattern(pattern).Of([0, 1]));
    }
}
