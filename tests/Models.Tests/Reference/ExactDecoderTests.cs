namespace Adaptation.Models.Tests;

public sealed class ExactDecoderTests
{
    public static TheoryData<DecoderArchitecture> Architectures => [DecoderArchitecture.Llama, DecoderArchitecture.Qwen2];

    [Theory, MemberData(nameof(Architectures))]
    public void A_second_transcription_in_plain_loops_agrees(DecoderArchitecture architecture)
    {
        var (shape, weights) = Given(architecture);

        var exact = GivenDecoder.Logits(shape, weights, GivenDecoder.Ids);

        Assert.Equal(GivenDecoder.Ids.Length * shape.VocabularySize, exact.Length);
        Near(new PlainDecoder(shape, weights).Logits(GivenDecoder.Ids), exact, 1e-12);
        Assert.True(exact.Max() - exact.Min() > 1, "the logits are too flat to tell anything");
    }

    [Theory, MemberData(nameof(Architectures))]
    public void The_states_after_the_last_layer_are_what_the_logits_are_read_from(DecoderArchitecture architecture)
    {
        var (shape, weights) = Given(architecture);
        var states = States(shape, weights, GivenDecoder.Ids);
        var (norm, head) = (new double[shape.HiddenSize], new double[shape.VocabularySize * shape.HiddenSize]);
        weights.Read("model.norm.weight", norm);
        weights.Read(shape.TiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight", head);

        Assert.Equal(Enumerable.Range(0, shape.Layers), states.Select(state => state.Layer));
        Assert.All(states, state => Assert.Equal(GivenDecoder.Ids.Length * shape.HiddenSize, state.Values.Length));
        var read = new List<double>();
        foreach (var row in states[^1].Values.Chunk(shape.HiddenSize))
        {
            var scale = 1 / Math.Sqrt((row.Sum(value => value * value) / row.Length) + shape.NormEpsilon);
            for (var id = 0; id < shape.VocabularySize; id++)
                read.Add(row.Select((value, at) => value * scale * norm[at] * head[(id * row.Length) + at]).Sum());
        }

        Near(GivenDecoder.Logits(shape, weights, GivenDecoder.Ids), [.. read], 1e-12);
    }

    [Theory, MemberData(nameof(Architectures))]
    public void A_layers_states_are_the_same_bits_whatever_comes_after_and_no_two_layers_give_the_same(DecoderArchitecture architecture)
    {
        var (shape, weights) = Given(architecture);
        var (whole, part) = (States(shape, weights, GivenDecoder.Ids), States(shape, weights, GivenDecoder.Ids[..5]));

        Assert.True(shape.Layers > 1);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            SameBits(part[layer].Values, whole[layer].Values[..part[layer].Values.Length]);
            Assert.True(layer == 0 || whole[layer].Values[0] != whole[layer - 1].Values[0]);
        }
    }

    private static List<(int Layer, double[] Values)> States(DecoderShape shape, IWeights weights, int[] ids)
    {
        var states = new List<(int, double[])>();
        new ExactDecoder(shape, weights).States(ids, (layer, values) => states.Add((layer, values.ToArray())), TestContext.Current.CancellationToken);
        return states;
    }

    [Theory, MemberData(nameof(Architectures))]
    public void However_a_sequence_is_cut_its_logits_are_the_same_bits(DecoderArchitecture architecture)
    {
        var (shape, weights) = Given(architecture);
        var whole = GivenDecoder.Logits(shape, weights, GivenDecoder.Ids);

        foreach (var cut in new[] { 1, 4, 5, 12 })
        {
            var session = new ExactDecoder(shape, weights).Start(GivenDecoder.Ids.Length);
            var pieces = new List<double>();
            foreach (var piece in GivenDecoder.Ids.Chunk(cut))
                session.Append(piece, 0, (_, logits) => pieces.AddRange(logits), TestContext.Current.CancellationToken);

            SameBits(whole, pieces);
        }
    }

    [Theory, MemberData(nameof(Architectures))]
    public void Weights_read_layer_by_layer_give_the_same_bits(DecoderArchitecture architecture)
    {
        var (shape, weights) = Given(architecture);

        var streamed = new ExactDecoder(shape, weights, residentBytes: 0).Logits(GivenDecoder.Ids, TestContext.Current.CancellationToken);

        SameBits(GivenDecoder.Logits(shape, weights, GivenDecoder.Ids), streamed);
    }

    [Theory, MemberData(nameof(Architectures))]
    public void A_token_changes_nothing_before_it_and_something_from_there_on(DecoderArchitecture architecture)
    {
        var (shape, weights) = Given(architecture);
        var before = GivenDecoder.Logits(shape, weights, GivenDecoder.Ids);

        for (var changed = 0; changed < GivenDecoder.Ids.Length; changed++)
        {
            int[] ids = [.. GivenDecoder.Ids];
            ids[changed] = (ids[changed] + 1) % shape.VocabularySize;
            var after = GivenDecoder.Logits(shape, weights, ids);

            SameBits(before[..(changed * shape.VocabularySize)], after[..(changed * shape.VocabularySize)]);
            for (var t = changed; t < ids.Length; t++)
                Assert.NotEqual(before[t * shape.VocabularySize], after[t * shape.VocabularySize]);
        }
    }

    [Fact]
    public void A_pass_wide_enough_for_threads_gives_the_bits_of_one_token_after_the_other()
    {
        var shape = GivenDecoder.Qwen with { HiddenSize = 96, IntermediateSize = 200, AttentionHeads = 4, HeadSize = 24, VocabularySize = 1031, MaxPositions = 256 };
        var (weights, ids) = (GivenDecoder.Weights(shape), Enumerable.Range(0, 150).Select(i => i * 37 % 1031).ToArray());
        var session = new ExactDecoder(shape, weights).Start(ids.Length);
        var single = new List<double>();

        foreach (var id in ids)
            session.Append([id], 0, (_, logits) => single.AddRange(logits), TestContext.Current.CancellationToken);

        SameBits(GivenDecoder.Logits(shape, weights, ids), single);
    }

    [Fact]
    public void Grouped_heads_equal_as_many_key_heads_repeated()
    {
        var (grouped, weights) = Given(DecoderArchitecture.Qwen2);
        var full = grouped with { KeyValueHeads = grouped.AttentionHeads };
        var repeated = weights;
        foreach (var name in weights.Shapes.Keys.Where(name => name.Contains("k_proj", StringComparison.Ordinal) || name.Contains("v_proj", StringComparison.Ordinal)))
        {
            var perHead = weights[name].Length / grouped.KeyValueHeads;
            var values = weights[name].Chunk(perHead).SelectMany(head => Enumerable.Repeat(head, 3).SelectMany(one => one)).ToArray();
            repeated = repeated.With(name, values, [weights.Shapes[name][0] * 3, .. weights.Shapes[name][1..]]);
        }

        SameBits(GivenDecoder.Logits(grouped, weights, GivenDecoder.Ids), GivenDecoder.Logits(full, repeated, GivenDecoder.Ids));
    }

    [Fact]
    public void The_order_of_hidden_units_does_not_matter()
    {
        var (shape, weights) = Given(DecoderArchitecture.Llama);
        var order = Enumerable.Range(0, shape.IntermediateSize).ToArray();
        new Random(5).Shuffle(order);
        var permuted = weights;
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var (gate, up, down) = ($"model.layers.{layer}.mlp.gate_proj.weight", $"model.layers.{layer}.mlp.up_proj.weight", $"model.layers.{layer}.mlp.down_proj.weight");
            var (gates, ups) = (weights[gate].Chunk(shape.HiddenSize).ToArray(), weights[up].Chunk(shape.HiddenSize).ToArray());
            permuted = permuted
                .With(gate, [.. order.SelectMany(unit => gates[unit])])
                .With(up, [.. order.SelectMany(unit => ups[unit])])
                .With(down, [.. weights[down].Chunk(shape.IntermediateSize).SelectMany(row => order.Select(unit => row[unit]))]);
        }

        Near(GivenDecoder.Logits(shape, weights, GivenDecoder.Ids), GivenDecoder.Logits(shape, permuted, GivenDecoder.Ids), 1e-12);
    }

    [Fact]
    public void The_first_position_has_none_but_itself_to_attend_to()
    {
        var (shape, weights) = Given(DecoderArchitecture.Qwen2);
        var random = new Random(9);
        var other = weights; // queries and keys decide between positions; with one position there is nothing to decide
        foreach (var name in weights.Shapes.Keys.Where(name => name.Contains("q_proj", StringComparison.Ordinal) || name.Contains("k_proj", StringComparison.Ordinal)))
            other = other.With(name, [.. weights[name].Select(_ => random.NextDouble())]);

        SameBits(GivenDecoder.Logits(shape, weights, 5), GivenDecoder.Logits(shape, other, 5));
        Assert.NotEqual(GivenDecoder.Logits(shape, weights, 5, 6)[^1], GivenDecoder.Logits(shape, other, 5, 6)[^1]);
    }

    [Fact]
    public void Greedy_steps_are_the_likeliest_tokens_of_the_whole_pass()
    {
        var (shape, weights) = Given(DecoderArchitecture.Qwen2);
        int[] prompt = [4, 9, 33];

        var steps = new ExactDecoder(shape, weights).Continue(prompt, 20, new HashSet<int>(), TestContext.Current.CancellationToken);

        Assert.Equal(20, steps.Length);
        var all = GivenDecoder.Logits(shape, weights, [.. prompt, .. steps.Select(step => step.Id)]);
        for (var i = 0; i < steps.Length; i++)
            Assert.Equal(ExactDecoder.Best(all.AsSpan((prompt.Length + i - 1) * shape.VocabularySize, shape.VocabularySize)), steps[i]);
    }

    [Fact]
    public void A_continuation_ends_with_the_token_that_ends_it()
    {
        var decoder = new ExactDecoder(GivenDecoder.Qwen, GivenDecoder.Weights(GivenDecoder.Qwen));
        var free = decoder.Continue([4, 9, 33], 8, new HashSet<int>(), TestContext.Current.CancellationToken);

        var ended = decoder.Continue([4, 9, 33], 8, new HashSet<int> { free[2].Id }, TestContext.Current.CancellationToken);

        Assert.Equal(free.TakeWhile(step => step.Id != free[2].Id).Append(free.First(step => step.Id == free[2].Id)), ended);
        Assert.Empty(decoder.Continue([4], 0, new HashSet<int>(), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Among_equals_the_lowest_id_is_chosen_and_the_margin_says_so()
    {
        Assert.Equal(new ExactStep(1, 0), ExactDecoder.Best([1, 3, 2, 3]));
        Assert.Equal(new ExactStep(0, 0.5), ExactDecoder.Best([3, -1, 2.5]));
    }

    [Fact]
    public void Ids_outside_the_vocabulary_and_lengths_outside_the_model_are_refused()
    {
        var decoder = new ExactDecoder(GivenDecoder.Qwen, GivenDecoder.Weights(GivenDecoder.Qwen));

        foreach (var ids in new int[][] { [], [-1], [37], [1, int.MaxValue], new int[65] })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => decoder.Logits(ids, TestContext.Current.CancellationToken));
            Assert.Throws<ArgumentOutOfRangeException>(() => decoder.Continue(ids, 1, new HashSet<int>(), TestContext.Current.CancellationToken));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => decoder.Continue([1], 64, new HashSet<int>(), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_pass_can_be_cancelled() =>
        Assert.Throws<OperationCanceledException>(() =>
            new ExactDecoder(GivenDecoder.Qwen, GivenDecoder.Weights(GivenDecoder.Qwen)).Logits([1], new CancellationToken(canceled: true)));

    private static (DecoderShape Shape, MemoryWeights Weights) Given(DecoderArchitecture architecture)
    {
        var shape = architecture == DecoderArchitecture.Llama ? GivenDecoder.Llama : GivenDecoder.Qwen;
        return (shape, GivenDecoder.Weights(shape));
    }

    private static void SameBits(IEnumerable<double> expected, IEnumerable<double> actual) =>
        Assert.Equal(expected.Select(BitConverter.DoubleToInt64Bits), actual.Select(BitConverter.DoubleToInt64Bits));

    private static void Near(double[] expected, double[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max(), 0, tolerance);
    }
}
