using System.Runtime.InteropServices;

namespace Adaptation.Runner;

/// <summary>Turns the picture of one text line into what a recogniser takes.</summary>
internal static class TextLine
{
    /// <returns>FP32 [1, 3, height, width].</returns>
    /// <exception cref="InvalidDataException">The picture's height is not the model's.</exception>
    public static WireTensor ToTensor(string id, PngImage image, TextLineInput input, string name)
    {
        if (image.Height != input.Height)
            throw new InvalidDataException($"{id} is {image.Height} pixels high, the model takes {input.Height}");
        var plane = image.Width * image.Height;
        var values = new float[3 * plane];
        for (var channel = 0; channel < 3; channel++)
        {
            var source = input.Bgr ? 2 - channel : channel;
            for (var pixel = 0; pixel < plane; pixel++)
                values[(channel * plane) + pixel] = (float)(((image.Rgb[(pixel * 3) + source] / 255.0) - input.Mean) / input.Std);
        }

        return new(name, "FP32", [1, 3, image.Height, image.Width], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
    }
}
