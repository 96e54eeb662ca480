namespace Adaptation.Models;

/// <summary>Weights for the exact reference: held in float64 where they fit, else read layer by layer. Safe for concurrent use.</summary>
internal sealed class ExactWeights
{
    private const string Embedding = "model.embed_tokens.weight";
    private const string Head = "lm_head.weight";

    private readonly DecoderShape _shape;
    private readonly IWeights _weights;
    private readonly LayerWeights[]? _layers;
    private readonly Matrix? _embedding;
    private readonly Matrix? _head;

    /// <param name="residentBytes">Most bytes of float64 that may be held between calls; a model that needs more is read anew by each reader.</param>
    /// <exception cref="ModelException">The weights are not those of the shape; every difference is listed.</exception>
    public ExactWeights(DecoderShape shape, IWeights weights, long residentBytes)
    {
        ExpectedTensors.Check(shape, weights);
        (_shape, _weights) = (shape, weights);
        FinalNorm = new double[shape.HiddenSize];
        weights.Read("model.norm.weight", FinalNorm);
        if (ExpectedTensors.Elements(shape) > residentBytes / sizeof(double))
            return;
        _layers = [.. Enumerable.Range(0, shape.Layers).Select(layer => new LayerWeights(shape).Fill(weights, layer))];
        _embedding = Read(Embedding, into: null);
        _head = shape.TiedEmbeddings ? _embedding : Read(Head, into: null);
    }

    public double[] FinalNorm { get; }

    public Reader Open() => new(this);

    private Matrix Read(string name, Matrix? into)
    {
        var matrix = into ?? new Matrix(_shape.VocabularySize, _shape.HiddenSize);
        _weights.Read(name, matrix.Values);
        return matrix;
    }

    /// <summary>Reads weights in the order of a forward pass. One caller at a time; a layer is good until the next one is asked for.</summary>
    internal sealed class Reader(ExactWeights all)
    {
        private LayerWeights? _layer;
        private Matrix? _table;
        private string _inTable = "";

        /// <summary>[V, H].</summary>
        public Matrix Embedding => all._embedding ?? Table(ExactWeights.Embedding);

        /// <summary>[V, H]: the output matrix.</summary>
        public Matrix Head => all._head ?? Table(all._shape.TiedEmbeddings ? ExactWeights.Embedding : ExactWeights.Head);

        public LayerWeights Layer(int layer) => all._layers?[layer] ?? (_layer ??= new(all._shape)).Fill(all._weights, layer);

        // Embedding and output matrix have one size, and one buffer: each is the largest tensor there is.
        private Matrix Table(string name)
        {
            if (_inTable != name)
                (_table, _inTable) = (all.Read(name, _table), name);
            return _table!;
        }
    }
}
