/**
 * Owns how a page looks: by day, by night, on paper, on a phone.
 * Refuses to know what stands in it.
 */

const LIGHT = [
  "--page:#ffffff;--panel:#f6f8fa;--ink:#1f2328;--dim:#59636e;--line:#d6dbe1;--accent:#0b5cad;--wash:#eaf2fb",
  "--first:#0b5cad;--second:#c05a00;--third:#1b7f6b;--fourth:#7a45c2;--shade:#8c959f",
  "--good:#1a7f37;--bad:#c9162b;--badwash:#fdeff0;--goodwash:#eef8f0",
].join(";");

const DARK = [
  "--page:#0d1117;--panel:#151b23;--ink:#e6edf3;--dim:#9aa3ad;--line:#30363d;--accent:#6cb6ff;--wash:#13233a",
  "--first:#6cb6ff;--second:#f0a050;--third:#4fc3a8;--fourth:#c297ff;--shade:#8b949e",
  "--good:#57c96c;--bad:#ff7b7b;--badwash:#2b1519;--goodwash:#11241a",
].join(";");

/** The style sheet of a page. */
export const PAGE_STYLE = `
:root{${LIGHT};color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:3.5rem;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main,.head,nav ul{max-width:70rem;margin:0 auto;padding:0 1.5rem}
h1,h2,h3,h4{line-height:1.25;margin:0;font-weight:650;letter-spacing:-.01em}
h1{font-size:1.9rem}
h2{font-size:1.35rem;margin:3.2rem 0 .3rem}
h3{font-size:1.05rem;margin:2rem 0 .2rem}
p{margin:.35rem 0}
a{color:var(--accent)}
code,pre,kbd{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.7rem .9rem;margin:.5rem 0;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
kbd{border:1px solid var(--line);border-bottom-width:2px;border-radius:4px;padding:0 .35em;background:var(--panel)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.dim{color:var(--dim)}
.lead{max-width:46rem;color:var(--dim)}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;background:var(--page);padding:.3rem .6rem;z-index:3}
.quiet{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
nav{position:sticky;top:0;z-index:2;background:var(--page);border-bottom:1px solid var(--line)}
nav ul{display:flex;gap:1.4rem;list-style:none;padding-block:.6rem;overflow-x:auto;font-size:.92rem}
nav a{text-decoration:none;color:var(--dim);white-space:nowrap}
nav a:hover{color:var(--accent)}
.head{padding-block:2.2rem 1.6rem}
.brand{font-size:.85rem;color:var(--dim);margin-bottom:1.1rem}
.brand b{color:var(--ink);font-weight:650}
.answer{display:flex;gap:.7rem;align-items:baseline;margin:.2rem 0 .5rem}
.answer .mark{font-size:1.7rem;line-height:1}
.pass .mark,.met .mark,.good{color:var(--good)}
.fail .mark,.missed .mark,.bad{color:var(--bad)}
.answer+p{font-size:1.08rem;max-width:48rem}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:1px;background:var(--line);border:1px solid var(--line);border-radius:8px;overflow:hidden;margin:1.6rem 0 0;padding:0;list-style:none}
.tiles li{background:var(--page);padding:1rem 1.05rem 1.1rem;display:flex;flex-direction:column}
.tiles .name{font-size:.86rem;color:var(--dim)}
.tiles .value{font-size:1.75rem;font-weight:600;letter-spacing:-.02em;line-height:1.25;font-variant-numeric:tabular-nums;white-space:nowrap}
.tiles .value small{font-size:.82rem;font-weight:400;color:var(--dim);letter-spacing:0;margin-left:.3em}
.tiles .more{font-size:.86rem;color:var(--dim);font-variant-numeric:tabular-nums}
.tiles .limits{margin-top:auto;padding-top:.6rem;font-size:.84rem;line-height:1.4}
.others{margin-top:.7rem;font-size:.88rem}
.limit{display:flex;gap:.4em}
.limit.missed{color:var(--bad);font-weight:600}
.limit .mark{font-weight:700}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.3rem;margin:1.4rem 0 0;font-size:.95rem}
dl.facts dt{color:var(--dim)}
dl.facts dd{margin:0;min-width:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.again{display:flex;gap:.6rem;align-items:stretch;margin-top:1rem}
.again pre{flex:1;margin:0}
p.dim+.again{margin-top:.25rem}.again+p.dim{margin-top:.7rem}
button{font:inherit;font-size:.9rem;color:var(--ink);background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.3rem .7rem;cursor:pointer}
button:hover{border-color:var(--accent)}
.charts>section>.charts{display:block}
.charts>section h3{margin-top:.6rem}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,27rem),1fr));gap:1.6rem 2.2rem;margin-top:.8rem}
figure{margin:0;min-width:0;position:relative}
figure h4{font-size:.95rem;font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;list-style:none;margin:.15rem 0 .3rem;padding:0;font-size:.85rem;color:var(--dim)}
.legend i{display:inline-block;width:1.25rem;height:.55rem;margin-right:.4rem;border-radius:2px;background:currentColor}
.legend i.dash{height:0;border-top:2.5px dashed currentColor;background:none;border-radius:0;vertical-align:.22em}
.legend i.rule{height:0;border-top:2.5px solid currentColor;background:none;border-radius:0;vertical-align:.22em}
.legend i.soft{opacity:.35}
.t-first{color:var(--first)}.t-second{color:var(--second)}.t-third{color:var(--third)}.t-fourth{color:var(--fourth)}.t-shade{color:var(--shade)}.t-ink{color:var(--ink)}.t-bad{color:var(--bad)}
svg.chart,svg.strip{display:block;width:100%;height:auto;font-family:inherit}
svg.chart text{font-variant-numeric:tabular-nums}
figcaption{font-size:.9rem;color:var(--dim);margin-top:.25rem}
.none{border:1px dashed var(--line);border-radius:6px;padding:1.2rem;color:var(--dim);font-size:.92rem;margin-top:.4rem}
.tip{position:absolute;pointer-events:none;background:var(--ink);color:var(--page);font-size:.8rem;line-height:1.4;padding:.35rem .55rem;border-radius:5px;white-space:nowrap;font-variant-numeric:tabular-nums;z-index:1}
.cross{position:absolute;width:1px;background:var(--ink);opacity:.35;pointer-events:none}
details.figures{font-size:.85rem;margin-top:.2rem}
summary{cursor:pointer}
details.figures>summary{color:var(--dim);width:max-content}
.scroll{overflow:auto;max-width:100%}
details.figures .scroll{max-height:18rem;border:1px solid var(--line);border-radius:6px;margin-top:.3rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{text-align:left;padding:.3rem .7rem;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600}
thead th{color:var(--dim);font-weight:500;font-size:.85rem;background:var(--page)}
.n{text-align:right;white-space:nowrap}
figure>.scroll table{font-size:.84rem}figure>.scroll th,figure>.scroll td{padding-inline:.38rem}
details.figures table{width:100%;font-size:.82rem}
details.figures thead th{position:sticky;top:0}
.matrix th .dim{font-weight:400}
.key{font-size:.88rem}
.matrix td,.matrix th{padding:.22rem .45rem;vertical-align:middle}
.matrix td.n{min-width:3.4rem}
.matrix button{position:relative;width:100%;min-width:3.6rem;text-align:right;padding:.12rem .5rem;background:none;border-color:transparent;font-variant-numeric:tabular-nums;white-space:nowrap}
.matrix button:hover,.matrix button[aria-pressed=true]{border-color:var(--accent);background:var(--wash)}
.filter{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:1.4rem 0 .6rem}
.filter input[type=search]{font:inherit;color:inherit;background:var(--page);border:1px solid var(--dim);border-radius:6px;padding:.35rem .7rem;width:min(22rem,100%)}
.filter fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.2rem .9rem;font-size:.9rem}
.filter label{display:inline-flex;gap:.35rem;align-items:center}
input[type=radio]{accent-color:var(--accent);margin:0}
.rules{border-top:1px solid var(--line)}
details.rule{border-bottom:1px solid var(--line)}
.rule>summary{display:grid;grid-template-columns:1.2rem 4.6rem 1fr max-content;gap:0 .6rem;padding:.34rem .2rem;align-items:baseline;list-style:none}
.rule>summary::-webkit-details-marker{display:none}
.rule>summary:hover{background:var(--panel)}
.rule .id{font-weight:600;white-space:nowrap}
.rule .often{color:var(--dim);font-size:.88rem;font-variant-numeric:tabular-nums;text-align:right}
.rule .text{min-width:0}
.rule .inner{padding:.1rem 0 .8rem 7rem;font-size:.92rem}
.rules.named .rule>summary{grid-template-columns:1.2rem minmax(0,18rem) 1fr max-content}
.rules.named .id{white-space:normal;overflow-wrap:anywhere}
ol.steps{margin:.2rem 0 0;padding-left:1.6rem}
.violation{border:1px solid var(--line);border-left:3px solid var(--bad);border-radius:6px;padding:1rem 1.2rem 1.1rem;margin:1.1rem 0}
.violation h3{margin:0 0 .15rem}
.violation h3 .lvl{font-weight:400;color:var(--dim);font-size:.9rem;margin-left:.5rem}
.told{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.2rem;margin:.7rem 0}
.told dt{color:var(--dim);font-size:.92rem}
.told dd{margin:0;min-width:0;overflow-wrap:anywhere}
.told .want{color:var(--good)}.told .got{color:var(--bad);font-weight:600}
.diagram{overflow-x:auto;border:1px solid var(--line);border-radius:6px;margin:.8rem 0 .5rem}
.diagram svg{display:block}
.devices{width:100%;border-collapse:collapse}
.device{display:grid;grid-template-columns:13.5rem 1fr;gap:.2rem 1.4rem;padding:.8rem 0;border-top:1px solid var(--line);align-items:center}
.device .who{font-weight:600}
.device .what{font-size:.86rem;color:var(--dim);font-variant-numeric:tabular-nums}
.device .what b{color:var(--ink);font-weight:600}
ol.list{list-style:none;margin:.4rem 0 0;padding:0}
svg.strip .off{fill:var(--shade);opacity:.38}
svg.strip .edit{fill:var(--first)}svg.strip .delta{fill:var(--shade)}svg.strip .full{fill:var(--fourth)}svg.strip .conflict{fill:var(--second)}svg.strip .kill{stroke:var(--bad);stroke-width:1.6;fill:none}
svg.strip .day{stroke:var(--line);stroke-width:1;stroke-dasharray:1 3}
.device.axis{padding:0;border:0}
svg.strip .base{stroke:var(--line);stroke-width:1}
svg.strip text{fill:var(--dim);font-size:10.5px}
footer{max-width:70rem;margin:3.5rem auto 0;padding:1rem 1.5rem 2.5rem;border-top:1px solid var(--line);color:var(--dim);font-size:.86rem}
[hidden]{display:none!important}
@media (max-width:60rem){.tiles{grid-template-columns:repeat(auto-fit,minmax(11rem,1fr))}}
@media (max-width:40rem){
main,.head,nav ul,footer{padding-left:1rem;padding-right:1rem}
h1{font-size:1.5rem}
.tiles{grid-template-columns:1fr 1fr}.tiles li:first-child{grid-column:1/-1}
.device{grid-template-columns:1fr}
.rule>summary{grid-template-columns:1.1rem 4.4rem 1fr}.rules.named .rule>summary{grid-template-columns:1.1rem 1fr max-content}.rule .text{grid-column:2/-1}.rules.named .often{grid-column:3;grid-row:1}.rule .inner{padding-left:1.7rem}
.told{grid-template-columns:1fr}.told dd{margin-bottom:.35rem}
dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin-bottom:.4rem}
.again{flex-direction:column}.again button{align-self:start}
.violation{padding:.8rem .9rem}
}
@media print{
:root{${LIGHT};color-scheme:light}
body{font-size:10.5pt}
nav,.filter,.again button,details.figures,.skip,.tip,.cross{display:none}
figure,.violation,.device,.tiles li{break-inside:avoid}
h2,h3{break-after:avoid}
.diagram{overflow:visible}.diagram svg{max-width:100%;height:auto}
a{color:inherit;text-decoration:none}
}
`;
