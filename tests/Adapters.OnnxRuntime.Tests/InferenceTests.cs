using System.Runtime.InteropServices;
using Adaptation.Adapters.Abstractions;
using Adaptation.Testing.Onnx;

namespace Adaptation.Adapters.OnnxRuntime.Tests;

public class InferenceTests
{
    private static byte[] Sum => OnnxFile.Model(
        [new("x", 1, ["N"]), new("y", 1, ["M"])], [new("z", 1, ["K"])], [new("Add", ["x", "y"], ["z"])]);

    [Fact]
    public async Task Inputs_are_taken_in_the_order_of_the_signature()
    {
        var model = OnnxFile.Model([new("x", 1, ["N"]), new("y", 1, ["N"])], [new("z", 1, ["N"])], [new("Sub", ["x", "y"], ["z"])]);
        await using var opened = await Opened.Async(model);

        var answer = await opened.InferAsync(Opened.Floats([2], 5, 7), Opened.Floats([2], 1, 10));

        Assert.Equal([4f, -3f], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task A_free_dimension_may_differ_from_call_to_call()
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(1, "N"));

        foreach (var length in new[] { 1, 1000, 3 })
            Assert.Equal([length], (await opened.InferAsync(Opened.Floats([length], new float[length])))[0].Shape);
    }

    [Fact]
    public async Task Shapes_that_do_not_fit_each_other_fail_and_leave_the_model_usable()
    {
        await using var opened = await Opened.Async(Sum);

        var error = await Assert.ThrowsAsync<AdapterException>(() => opened.InferAsync(Opened.Floats([2], 1, 2), Opened.Floats([3], 1, 2, 3)));
        var answer = await opened.InferAsync(Opened.Floats([2], 1, 2), Opened.Floats([2], 10, 20));

        Assert.Contains("ONNX Runtime", error.Message, StringComparison.Ordinal);
        Assert.Equal([11f, 22f], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task A_tensor_of_another_type_is_refused_before_the_engine_sees_it()
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(1, "N"));

        await Assert.ThrowsAsync<ArgumentException>(() => opened.InferAsync(new Tensor(DataType.Int32, [1], new byte[4])));
        await Assert.ThrowsAsync<ArgumentException>(() => opened.InferAsync());
    }

    [Fact]
    public async Task Many_callers_at_once_each_get_their_own_answer()
    {
        await using var opened = await Opened.Async(Sum);

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(index => Task.Run(
            async () => Opened.Floats((await opened.InferAsync(Opened.Floats([2], index, 2 * index), Opened.Floats([2], 1, 1)))[0]),
            TestContext.Current.CancellationToken)));

        Assert.All(answers, (answer, index) => Assert.Equal([index + 1f, 2 * index + 1f], answer));
    }

    [Fact]
    public async Task An_input_that_does_not_start_its_array_is_read_from_where_it_starts()
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(1, "N"));
        var bytes = MemoryMarshal.AsBytes<float>([99, 1, 2, 99]).ToArray().AsMemory(4, 8);

        var answer = await opened.InferAsync(new Tensor(DataType.FP32, [2], bytes));

        Assert.Equal([1f, 2f], Opened.Floats(answer[0]));
    }

    [Fact]
    public async Task A_cancelled_call_ends_as_cancelled()
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(1, "N"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opened.Model.InferAsync([Opened.Floats([1], 1)], new(canceled: true)));
    }

    [Fact]
    public async Task A_run_in_progress_ends_when_it_is_cancelled()
    {
        await using var adapter = OnnxRuntimeAdapter.Load(Opened.Cpu);
        await using var model = (ITensorModel)await adapter.OpenAsync(new(Engine.OcrModel), TestContext.Current.CancellationToken);
        using var cancellation = new CancellationTokenSource();
        var batch = new Tensor(DataType.FP32, [64, 3, 48, 960], new byte[64L * 3 * 48 * 960 * sizeof(float)]);

        var running = Task.Run(() => model.InferAsync([batch], cancellation.Token), TestContext.Current.CancellationToken);
        await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken); // well within a run of seconds
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task A_disposed_model_answers_no_more_and_may_be_disposed_again()
    {
        await using var opened = await Opened.Async(OnnxFile.Identity(1, "N"));
        await opened.Model.DisposeAsync();

        await opened.Model.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => opened.InferAsync(Opened.Floats([1], 1)));
    }

    [Fact]
    public async Task The_real_recogniser_gives_a_distribution_per_step()
    {
        await using var adapter = OnnxRuntimeAdapter.Load(Opened.Cpu);
        await using var model = (ITensorModel)await adapter.OpenAsync(new(Engine.OcrModel), TestContext.Current.CancellationToken);
        var picture = new float[3 * 48 * 320];

        var answer = await model.InferAsync([Opened.Floats([1, 3, 48, 320], picture)], TestContext.Current.CancellationToken);

        Assert.Equal([1, 40, 6625], answer[0].Shape);
        Assert.All(Opened.Floats(answer[0]).Chunk(6625), step => Assert.Equal(1, step.Sum(), 0.001));
    }
}
