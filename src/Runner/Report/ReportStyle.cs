namespace Adaptation.Runner;

/// <summary>The style sheet: one column, light and dark, phone and A4.</summary>
internal static class ReportStyle
{
    public static void Write(HtmlText page)
    {
        page.Add($$$"""
            :root{color-scheme:light dark;--ink:#1a1e23;--quiet:#59626d;--paper:#fff;--line:#d9dde2;--soft:#f5f6f8;--pass:#17653a;--pass-bg:#edf6f0;--fail:#a31f1a;--fail-bg:#fbefee;--open:#835400;--open-bg:#fbf4e6;--bar:#4a6d8c}
            @media (prefers-color-scheme:dark){:root{--ink:#e4e7ea;--quiet:#9aa4af;--paper:#14171a;--line:#343a41;--soft:#1c2024;--pass:#74c795;--pass-bg:#16261d;--fail:#f0928c;--fail-bg:#2e1a19;--open:#e3b35c;--open-bg:#2a2314;--bar:#7fa5c6}}
            *{box-sizing:border-box}
            html{-webkit-text-size-adjust:100%}
            body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
            main{max-width:60rem;margin:0 auto;padding:1.5rem 1.25rem 4rem}
            section{margin-top:2.75rem}
            h1{font-size:1.6rem;line-height:1.25;font-weight:600;margin:.1rem 0 .5rem}
            h2{font-size:1.15rem;line-height:1.35;font-weight:600;margin:0 0 .75rem;padding-bottom:.35rem;border-bottom:1px solid var(--line)}
            h3{font-size:1rem;font-weight:600;margin:1.5rem 0 .4rem}
            p{margin:.35rem 0}
            ul,ol{margin:.35rem 0;padding-left:1.2rem}
            li{margin:.3rem 0}
            code,pre,.digest{font-family:ui-monospace,"SF Mono",Consolas,"DejaVu Sans Mono",monospace;font-size:.85em}
            pre{background:var(--soft);padding:.8rem 1rem;overflow-x:auto;white-space:pre-wrap;border-left:3px solid var(--line)}
            pre code{font-size:.9em}
            .zh,.en,bdi{unicode-bidi:isolate}
            .en,.quiet{color:var(--quiet)}
            .en{font-size:.92em}
            body:has(#only-zh:checked) .en,body:has(#only-en:checked) .zh{display:none}
            body:has(#only-en:checked) .en{color:inherit;font-size:inherit}
            body:has(#only-en:checked) .quiet .en{color:var(--quiet)}
            .quiet{font-size:.9rem;font-weight:400}
            .para .en,p.para .en{display:block}
            .para .one .en{display:inline}
            .kicker{color:var(--quiet);font-size:.9rem;margin:0}
            .run{color:var(--quiet);font-size:.9rem}
            .on{color:var(--quiet);font-weight:400}
            .switch{float:right;border:0;margin:0 0 .5rem 1rem;padding:0;font-size:.85rem;color:var(--quiet)}
            .switch legend{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
            .switch label{margin-left:.6rem;cursor:pointer;white-space:nowrap}
            .switch input{margin:0 .1rem 0 0;vertical-align:-.1em;accent-color:var(--quiet)}

            """);
        WriteParts(page);
        WritePrint(page);
    }

    private static void WriteParts(HtmlText page) =>
        page.Add($$$"""
            .pass{--tone:var(--pass);--tone-bg:var(--pass-bg)}
            .fail{--tone:var(--fail);--tone-bg:var(--fail-bg)}
            .inconclusive{--tone:var(--open);--tone-bg:var(--open-bg)}
            .na{--tone:var(--quiet);--tone-bg:var(--soft)}
            .outcome{margin-top:1.25rem;padding:1rem 1.25rem;background:var(--tone-bg);border-left:5px solid var(--tone)}
            .word{font-size:1.5rem;line-height:1.3;font-weight:600;color:var(--tone);margin:0 0 .2rem}
            .word .en{color:inherit;font-size:.8em}
            .sign{display:inline-block;min-width:1.3em;font-weight:700}
            .outcome .en{color:var(--ink);opacity:.85}
            .alarm{border:2px solid var(--fail);color:var(--fail);padding:.6rem .9rem;font-weight:600}
            .alarm .en{color:inherit}
            .tag{display:inline-block;margin:.5rem 0 0;padding:.1rem .6rem;border:1.5px solid var(--open);color:var(--open);background:var(--open-bg);font-weight:600}
            .outcome .tag .en{color:inherit;opacity:1}
            .two{display:grid;grid-template-columns:1fr 1fr;gap:0 2.5rem;margin-top:1.5rem}
            .two section{margin:0}
            .two h2{border-bottom-color:var(--pass);border-bottom-width:2px}
            .two .open h2{border-bottom-color:var(--open)}
            .strong{font-weight:600}
            .strong .en{color:inherit}
            .stack,.facts{margin:0}
            .stack>div,.facts>div{display:grid;grid-template-columns:12rem 1fr;gap:.25rem 1rem;padding:.3rem 0;border-bottom:1px solid var(--line)}
            .stack dt,.facts dt{font-weight:600}
            .stack dd,.facts dd{margin:0}
            .stack p{margin:0;display:grid;grid-template-columns:5rem 1fr;gap:.75rem}
            .key{color:var(--quiet)}
            .digest{word-break:break-all;font-size:.82em}
            .ladder{list-style:none;padding:0;margin:0}
            .ladder li{display:grid;grid-template-columns:2.2rem 1fr auto;gap:0 .75rem;align-items:baseline;padding:.45rem .75rem;margin:0;border-left:5px solid var(--line);border-bottom:1px solid var(--line)}
            .ladder .reached{border-left-color:var(--pass);background:var(--pass-bg)}
            .ladder strong,.ladder .quiet{grid-column:2}
            .ladder .state{grid-column:3;grid-row:1;text-align:right}
            .ladder .reached .state{color:var(--pass);font-weight:600}
            .ladder .tally{grid-column:2/4;font-size:.9rem}
            .clauses{list-style:none;padding-left:0}
            .clauses li{margin:.15rem 0}
            .clauses b,.id b{font-weight:600;white-space:nowrap}
            .columns{columns:21rem 2;column-gap:2.5rem}
            .columns li{margin:0;padding-top:.15rem;break-inside:avoid;padding-left:5rem;text-indent:-5rem}
            .columns b{display:inline-block;min-width:5rem;text-indent:0}
            .need{font-size:.8rem;color:var(--quiet);white-space:nowrap;text-indent:0}
            .need .en{font-size:1em}
            .checks{width:100%;border-collapse:collapse}
            .checks th,.checks td{text-align:left;vertical-align:top;padding:.6rem .75rem .6rem 0;border-bottom:1px solid var(--line);font-weight:400}
            .checks thead th{font-size:.85rem;color:var(--quiet);padding-top:0}
            .checks tbody th{width:32%;padding-left:.75rem;border-left:4px solid var(--tone)}
            .checks .verdict{width:16%;color:var(--tone);font-weight:600}
            .verdict .en{color:inherit;display:block;padding-left:1.4em}
            .id{display:flex;flex-wrap:wrap;gap:0 .75rem;align-items:baseline}
            .title,.title .en{display:block}
            .reason{border-left:2px solid var(--tone,var(--line));padding-left:.6rem}
            .figures{list-style:none;padding:0;margin:0}
            .figures li{margin:0 0 .35rem}
            .figures .name{display:block;color:var(--quiet);font-size:.9rem}
            .numbers data{font-weight:600}
            .bounds,.limit{display:inline-block;margin-left:.9rem;font-size:.9rem;color:var(--quiet);white-space:nowrap}
            .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr));gap:1.5rem 2.5rem}
            figure{margin:0;break-inside:avoid;max-width:34rem}
            figcaption{font-weight:600}
            svg{display:block;width:100%;height:auto;margin:.25rem 0;font-size:12px;fill:var(--quiet);overflow:visible}
            .bar{fill:var(--bar)}
            .area{fill:var(--bar);opacity:.18}
            .line,.axis,.mark,.declared{fill:none}
            .line{stroke:var(--bar);stroke-width:1.5}
            .axis{stroke:var(--quiet)}
            .mark{stroke:var(--ink)}
            .mark-text{fill:var(--ink)}
            .declared{stroke:var(--open);stroke-width:1.5;stroke-dasharray:5 3}
            .declared-text{fill:var(--open)}
            .dot{fill:var(--bar);fill-opacity:.65}
            .lost{fill:var(--fail)}
            .lost-text{fill:var(--fail)}
            .legend{display:flex;flex-wrap:wrap;gap:.1rem 1.25rem;margin:0;font-size:.9rem}
            .legend div{display:flex;gap:.4rem}
            .legend dt{color:var(--quiet)}
            .legend dd{margin:0;font-weight:600}

            """);

    private static void WritePrint(HtmlText page) =>
        page.Add($$$"""
            @media (max-width:42rem){
            main{padding:1rem 1rem 3rem}
            .switch{float:none;margin:0 0 1rem}
            .switch label:first-of-type{margin-left:0}
            .two{grid-template-columns:1fr;gap:1.75rem 0}
            .stack>div,.facts>div{grid-template-columns:1fr;gap:0}
            .checks,.checks tbody,.checks tr,.checks th,.checks td{display:block}
            .checks thead{display:none}
            .checks tr{border-left:4px solid var(--tone);border-bottom:1px solid var(--line);padding:.5rem 0 .5rem .75rem;margin-bottom:.5rem}
            .checks tbody th,.checks .verdict,.checks td{width:auto;border:0;padding:.1rem 0}
            .verdict .en{display:inline;padding:0}
            .columns{columns:1}
            .ladder li{grid-template-columns:2.2rem 1fr}
            .ladder .state{grid-column:2;grid-row:auto;text-align:left}
            .ladder .tally{grid-column:2}
            }
            @media print{
            @page{size:A4;margin:16mm 15mm}
            :root{color-scheme:light;--ink:#000;--quiet:#4a525b;--paper:#fff;--line:#c9ced4;--soft:#f5f6f8;--pass:#17653a;--pass-bg:#edf6f0;--fail:#a31f1a;--fail-bg:#fbefee;--open:#835400;--open-bg:#fbf4e6;--bar:#4a6d8c}
            *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
            html{font-size:10pt}
            body{font-size:1rem}
            main{max-width:none;padding:0}
            .switch{display:none}
            section{margin-top:1.6rem}
            tr,figure,.ladder li,.stack>div,.facts>div{break-inside:avoid}
            h2,h3{break-after:avoid}
            }
            """);
}
