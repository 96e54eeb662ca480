using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Adaptation.Core;

namespace Adaptation.Runner;

/// <summary>A page under construction. Markup comes only from literals in the source; whatever fills a hole is escaped.</summary>
/// <remarks>There is no overload that takes a string, so that text from outside cannot be added as markup by mistake.</remarks>
internal sealed class HtmlText
{
    private readonly StringBuilder _html = new();

    public void Add([InterpolatedStringHandlerArgument("")] ref Markup markup) => _html.Append('\n');

    /// <summary>UTF-8 without a byte order mark.</summary>
    public byte[] ToBytes() => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetBytes(_html.ToString());

    /// <summary>Turns an interpolated string into markup: literal parts as they are, holes as <see cref="VisibleText"/>.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Markup
    {
        private readonly StringBuilder _html;

        public Markup(int literalLength, int holes, HtmlText page)
        {
            _html = page._html;
            _html.EnsureCapacity(_html.Length + literalLength + 16 * holes);
        }

        public void AppendLiteral(string markup) => _html.Append(markup);

        public void AppendFormatted(string text) => VisibleText.Append(_html, text);

        public void AppendFormatted(int number) => _html.Append(CultureInfo.InvariantCulture, $"{number:N0}");

        public void AppendFormatted(long number) => _html.Append(CultureInfo.InvariantCulture, $"{number:N0}");

        /// <summary>A coordinate in a drawing, to a tenth of its unit.</summary>
        public void AppendFormatted(double coordinate) => _html.Append(CultureInfo.InvariantCulture, $"{coordinate:0.#}");

        /// <summary>Path data of any length, which holds nothing that needs an escape.</summary>
        public void AppendFormatted(SvgPath path) => _html.Append(path.ToString());

        /// <summary>Both languages, Chinese first; the page can hide either.</summary>
        public void AppendFormatted(LocalText text)
        {
            if (text.Zh == text.En)
            {
                VisibleText.Append(_html, text.En);
                return;
            }

            _html.Append("<span class=\"zh\" lang=\"zh-Hans\">");
            VisibleText.Append(_html, text.Zh);
            _html.Append("</span> <span class=\"en\" lang=\"en\">");
            VisibleText.Append(_html, text.En);
            _html.Append("</span>");
        }
    }
}
