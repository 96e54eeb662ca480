using Adaptation.Adapters.Abstractions;

namespace Adaptation.Adapters.LibTorch.Tests;

/// <summary>TorchScript source through the real torch.</summary>
public class SourceTests
{
    [Fact]
    public async Task A_function_takes_its_arguments_by_name_and_says_nothing_of_their_types()
    {
        await using var model = await Opened.Source("def forward(left, right):\n    return left + 2 * right\n");

        var answer = await model.InferAsync(Opened.Floats([2], 1, 2), Opened.Floats([2, 1], 10, 20));

        Assert.Equal([new("left", null, null), new("right", null, null)], model.Model.Signature.Inputs);
        Assert.Equal([new("OUTPUT__0", null, null)], model.Model.Signature.Outputs);
        Assert.Equal([2, 2], answer[0].Shape);
        Assert.Equal([21, 22, 41, 42], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task A_module_is_written_with_self_and_may_call_its_own_methods()
    {
        await using var model = await Opened.Source("def double(self, x):\n    return x * 2\ndef forward(self, x):\n    return self.double(x) + 1\n");

        var answer = await model.InferAsync(Opened.Floats([1], 4));

        Assert.Equal(["x"], model.Model.Signature.Inputs.Select(input => input.Name));
        Assert.Equal([9], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task A_tuple_gives_several_outputs_and_a_view_comes_out_contiguous()
    {
        await using var model = await Opened.Source("def forward(x):\n    return x.t(), x[:, 1], x.sum()\n");

        var answer = await model.InferAsync(Opened.Floats([2, 3], 1, 2, 3, 4, 5, 6));

        Assert.Equal(["OUTPUT__0", "OUTPUT__1", "OUTPUT__2"], model.Model.Signature.Outputs.Select(output => output.Name));
        Assert.Equal([1, 4, 2, 5, 3, 6], Opened.Floats(answer[0]));
        Assert.Equal([2, 5], Opened.Floats(answer[1]));
        Assert.Empty(answer[2].Shape);
        Assert.Equal([21], Opened.Floats(answer[2]));
    }

    [Fact]
    public async Task Numbers_have_declared_types_and_a_default_is_kept()
    {
        await using var model = await Opened.Source("def forward(x, times: int, scale: float, on: bool, left: int = 7):\n    return x * times * scale + left, times, scale, on\n");
        var scale = new Tensor(DataType.FP64, [], BitConverter.GetBytes(0.5));
        var on = new Tensor(DataType.Bool, [], new byte[] { 1 });

        var answer = await model.InferAsync(Opened.Floats([1], 4), Opened.Whole(3), scale, on);

        Assert.Equal([null, DataType.Int64, DataType.FP64, DataType.Bool], model.Model.Signature.Inputs.Select(input => input.Type));
        Assert.Equal([13], Opened.Floats(answer[0]));
        Assert.Equal(3, BitConverter.ToInt64(answer[1].Data.Span));
        Assert.Equal(0.5, BitConverter.ToDouble(answer[2].Data.Span));
        Assert.Equal([1], answer[3].Data.ToArray());
    }

    [Fact]
    public async Task An_input_that_the_code_writes_to_stays_as_it_was_sent()
    {
        await using var model = await Opened.Source("def forward(x):\n    x.mul_(3)\n    return x\n");
        var input = Opened.Floats([2], 1, 2);

        var answer = await model.InferAsync(input);

        Assert.Equal([3, 6], Opened.Floats(answer[0]));
        Assert.Equal([1, 2], Opened.Floats(input));
    }

    [Theory]
    [InlineData("def forward(x):\n    return x +\n", "expected")]
    [InlineData("def backward(x):\n    return x\n", "defines no function forward")]
    [InlineData("def forward(x):\n    return torch.no_such_operator(x)\n", "no_such_operator")]
    [InlineData("def forward(x):\n    return [x, x]\n", "output OUTPUT__0 is List[Tensor]")]
    [InlineData("def forward(x):\n    return {'a': x}\n", "output OUTPUT__0 is Dict[str, Tensor]")]
    [InlineData("def forward(x: List[Tensor]):\n    return x[0]\n", "input x is List[Tensor]")]
    [InlineData("def forward(x: str):\n    return 1\n", "input x is str")]
    [InlineData("def forward(x):\n    return torch.from_file('/etc/hostname', False, 4)\n", "aten::from_file")]
    [InlineData("def other(x):\n    torch.save(x, '/tmp/out')\n    return x\ndef forward(x):\n    if bool(x.sum() > 0):\n        x = other(x)\n    return x\n", "aten::save")]
    [InlineData("import os\ndef forward(x):\n    return x\n", "import")]
    [InlineData("\0\0\0", "cannot be opened")]
    [InlineData("", "cannot be opened")]
    public async Task Source_that_cannot_be_served_is_refused_with_the_reason(string source, string reason)
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Source(source));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("model.py", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("def forward(x):\n    return x.to_sparse()\n", "OUTPUT__0 is sparse")]
    [InlineData("def forward(x):\n    return torch.complex(x, x)\n", "ComplexFloat")]
    [InlineData("def forward(x):\n    return x.reshape(7)\n", "shape '[7]' is invalid")]
    [InlineData("def forward(x):\n    return x + torch.ones(3)\n", "must match the size")]
    [InlineData("def forward(x):\n    assert bool(x.sum() > 100), 'no answer today'\n    return x\n", "no answer today")]
    public async Task A_computation_that_fails_is_told_in_torch_s_words_and_the_next_one_is_answered(string source, string reason)
    {
        await using var model = await Opened.Source(source);
        await using var other = await Opened.Source("def forward(x):\n    return x\n");

        var error = await Assert.ThrowsAsync<AdapterException>(() => model.InferAsync(Opened.Floats([2], 1, 2)));
        var answer = await other.InferAsync(Opened.Floats([2], 1, 2));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 1, 6000);
        Assert.Equal([1, 2], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task A_message_is_cut_and_never_overflows()
    {
        var name = new string('ä', 5000);
        await using var model = await Opened.Source($"def forward(x):\n    assert bool(x.sum() > 100), '{name}'\n    return x\n");

        var error = await Assert.ThrowsAsync<AdapterException>(() => model.InferAsync(Opened.Floats([1], 1)));

        Assert.InRange(error.Message.Length, 100, 4200);
        Assert.DoesNotContain('�', error.Message);
    }

    [Fact]
    public async Task A_file_of_another_kind_is_refused_by_its_name()
    {
        var error = await Assert.ThrowsAsync<AdapterException>(() => Opened.Async("model.onnx", [1, 2, 3], Torch.Cpu));

        Assert.Contains("model.onnx is none that torch opens here", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_request_is_not_computed()
    {
        await using var model = await Opened.Source("def forward(x):\n    return x\n");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.Model.InferAsync([Opened.Floats([1], 1)], new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Several_callers_get_their_own_answers()
    {
        await using var model = await Opened.Source("def forward(x):\n    y = x\n    for i in range(20):\n        y = y + x\n    return y\n");

        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(number => Task.Run(() => model.InferAsync(Opened.Floats([3], number, 0, 1)))));

        for (var number = 0; number < answers.Length; number++)
            Assert.Equal([21 * number, 0, 21], Opened.Floats(answers[number][0]));
    }
}
