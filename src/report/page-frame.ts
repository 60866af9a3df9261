/**
 * Owns what every page is in: one self-contained document with its style, its sections' links and the little that moves.
 * Refuses to know what the page is about. Nothing in it is fetched from anywhere.
 */

import { html, type Markup, raw } from "./page-markup.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** The page may ask nothing of anybody, whatever foreign text should get into it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/** What a page is made of. */
export interface PageParts {
  readonly title: string;
  /** Ids of headings, and what they are called; the second is where who skips the head is taken. */
  readonly sections: readonly (readonly [id: string, name: string])[];
  readonly skipTo: readonly [id: string, name: string];
  readonly head: Markup;
  readonly main: readonly Markup[];
  readonly footer: string;
}

/** The document, with a newline at its end. The same parts give the same page. */
export function framed({ title, sections, skipTo, head, main, footer }: PageParts): string {
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<title>${title} · zeke-sync</title>
<style>${raw(PAGE_STYLE)}</style>
</head>
<body>
<a class="skip" href="#${skipTo[0]}">Skip to ${skipTo[1]}</a>
<nav aria-label="Sections"><ul>
${sections.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}
</ul></nav>
${head}
<main>
${main}
</main>
<footer>${footer}</footer>
<script>${raw(PAGE_SCRIPT)}</script>
</body>
</html>
`;
  return markup;
}
