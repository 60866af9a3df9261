/**
 * Owns how figures stand in a table of a page.
 * Refuses to know what they are of.
 */

import { html, type Markup } from "./page-markup.ts";

export interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A table whose first column names its rows and whose others are numbers. */
export function tableOf({ heads, rows }: Table): Markup {
  const head = heads.map(
    (text, column) => html`<th scope="col" class="${column === 0 ? "" : "n"}">${text}</th>`,
  );
  return html`<table><thead><tr>${head}</tr></thead><tbody>${rows.map(tableRow)}</tbody></table>`;
}

function tableRow(cells: readonly string[]): Markup {
  return html`<tr>${cells.map((text, column) => (column === 0 ? html`<th scope="row">${text}</th>` : html`<td class="n">${text}</td>`))}</tr>`;
}
