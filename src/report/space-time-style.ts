/**
 * Owns how a drawn diagram looks, by day and by night, as one style sheet.
 * Refuses to know shapes and places. Every class begins with `zst-`, as a page may hold several diagrams.
 */

const LIGHT = [
  "--zst-page:#ffffff;--zst-ink:#1f2328;--zst-dim:#59636e;--zst-line:#b7bfc8;--zst-box:#f3f5f7",
  "--zst-up:#0b5cad;--zst-down:#1a7f37;--zst-event:#7a45c2;--zst-bad:#c9162b;--zst-lost:#b45309;--zst-shade:#8c959f",
].join(";");

const DARK = [
  "--zst-page:#0d1117;--zst-ink:#e6edf3;--zst-dim:#9198a1;--zst-line:#4b535d;--zst-box:#1c2230",
  "--zst-up:#6cb6ff;--zst-down:#57c96c;--zst-event:#c297ff;--zst-bad:#ff6b6b;--zst-lost:#f0a050;--zst-shade:#9198a1",
].join(";");

/** The style sheet of every diagram. */
export const SPACE_TIME_STYLE = `
.zst{${LIGHT};color-scheme:light dark}
@media (prefers-color-scheme:dark){.zst{${DARK}}}
.zst-page{fill:var(--zst-page)}
.zst text{fill:var(--zst-ink);font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.zst .zst-title{font:600 14px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.zst .zst-head{font-weight:700;text-anchor:middle}
.zst .zst-small,.zst .zst-time{fill:var(--zst-dim)}
.zst .zst-small{font-size:10px}
.zst .zst-headnote{fill:var(--zst-dim);font-size:9.5px;text-anchor:middle}
.zst .zst-name{fill:var(--zst-dim);font-weight:700}
.zst .zst-gap{fill:var(--zst-dim);font-style:italic}
.zst .zst-label{paint-order:stroke;stroke:var(--zst-page);stroke-width:4px;stroke-linejoin:round}
.zst .zst-offends{fill:var(--zst-bad);font-weight:700}
.zst-box{fill:var(--zst-box);stroke:var(--zst-line)}
.zst-lane{stroke:var(--zst-line);stroke-width:1.5}
.zst-break{stroke:var(--zst-page);stroke-width:4;stroke-dasharray:4 4}
.zst-offline{fill:var(--zst-shade);opacity:.28}
.zst-down{stroke:var(--zst-page);stroke-width:3;stroke-dasharray:5 5}
.zst-request{stroke:var(--zst-up);fill:var(--zst-up)}
.zst-answer{stroke:var(--zst-down);fill:var(--zst-down)}
.zst-event,.zst-push{stroke:var(--zst-event);fill:var(--zst-event)}
.zst-push line.zst-shaft{stroke-dasharray:2 3}
.zst-absent line.zst-shaft{stroke-dasharray:6 5;opacity:.7}
.zst-shaft{stroke-width:1.5}
.zst-cross{stroke:var(--zst-lost);stroke-width:2.5;fill:none}
.zst-absent .zst-cross{stroke:var(--zst-bad)}
.zst-mark{fill:var(--zst-page);stroke:var(--zst-ink);stroke-width:1.8}
.zst-solid{fill:var(--zst-ink);stroke:var(--zst-ink)}
.zst-ring{fill:none;stroke:var(--zst-bad);stroke-width:2.5}
.zst-badge{fill:var(--zst-bad)}
.zst .zst-number{fill:var(--zst-page);font-weight:700;text-anchor:middle}
`.trim();
