/**
 * Owns how HTML is put together: what is not markup already is escaped, so that no foreign text can become any.
 * Refuses to know what a page says.
 */

/** Text that is HTML. */
export interface Markup {
  readonly markup: string;
}

/** What may stand in a template: text is escaped, markup is not, nothing is nothing. */
export type Piece = Markup | readonly Markup[] | string | number | undefined;

/** A template of HTML; its pieces may be attribute values in double quotes, or content. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let text = strings[0] ?? "";
  pieces.forEach((piece, index) => {
    text += written(piece) + (strings[index + 1] ?? "");
  });
  return { markup: text };
}

/** Markup that was made elsewhere: a drawing, a style sheet. */
export function raw(markup: string): Markup {
  return { markup };
}

/** Nothing. */
export const NOTHING: Markup = { markup: "" };

/** Text with what HTML and XML take for markup made harmless, and what XML forbids replaced. */
export function escapeMarkup(text: string): string {
  return text
    .replaceAll(/(?![\t\n\r])[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Text in which what stands between backticks is code, as in the texts of rules. */
export function withCode(text: string): Markup {
  const parts = text.split("`");
  const isPaired = parts.length % 2 === 1;
  if (!isPaired) return html`${text}`;
  return {
    markup: parts
      .map((part, place) => (place % 2 === 1 ? html`<code>${part}</code>` : html`${part}`).markup)
      .join(""),
  };
}

function written(piece: Piece): string {
  if (piece === undefined) return "";
  if (typeof piece === "number") return String(piece);
  if (typeof piece === "string") return escapeMarkup(piece);
  if ("markup" in piece) return piece.markup;
  return piece.map(({ markup }) => markup).join("\n");
}
