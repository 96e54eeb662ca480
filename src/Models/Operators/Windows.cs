namespace Adaptation.Models;

/// <summary>The windows of a convolution or a pooling over the last two axes of an image.</summary>
internal sealed class Windows
{
    private readonly int _rows, _columns;
    private readonly int[] _kernel, _strides, _pads, _dilations;

    /// <param name="image">Batch, channels, height, width.</param>
    /// <param name="pads">Top, left, bottom, right.</param>
    public Windows(int[] image, int[] kernel, int[] strides, int[] pads, int[] dilations, bool ceil)
    {
        (_rows, _columns, _kernel, _strides, _pads, _dilations) = (image[2], image[3], kernel, strides, pads, dilations);
        Height = Size(0, _rows, ceil);
        Width = Size(1, _columns, ceil);
    }

    public int Height { get; }

    public int Width { get; }

    /// <summary>The elements of one window that lie in the image, each with its place in the kernel; what lies in the padding is left out.</summary>
    /// <param name="window">Number of the window, row-major.</param>
    public IEnumerable<(int Pixel, int Tap)> Taps(int window)
    {
        for (var tap = 0; tap < _kernel[0] * _kernel[1]; tap++)
        {
            var row = (window / Width * _strides[0]) - _pads[0] + (tap / _kernel[1] * _dilations[0]);
            var column = (window % Width * _strides[1]) - _pads[1] + (tap % _kernel[1] * _dilations[1]);
            if (row >= 0 && row < _rows && column >= 0 && column < _columns)
                yield return ((row * _columns) + column, tap);
        }
    }

    /// <summary>Number of windows along an axis; rounded up, unless the last one would begin behind the image and its leading padding.</summary>
    private int Size(int axis, int size, bool ceil)
    {
        var room = size + _pads[axis] + _pads[axis + 2] - (_dilations[axis] * (_kernel[axis] - 1)) - 1;
        var count = (ceil ? (room + _strides[axis] - 1) / _strides[axis] : room / _strides[axis]) + 1;
        return ceil && (count - 1) * _strides[axis] >= size + _pads[axis] ? count - 1 : count;
    }
}
