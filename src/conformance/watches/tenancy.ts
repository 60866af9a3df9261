/**
 * Owns the watch of tenancy: no answer holds what only another account ever said [SEC-3], and one without a good token
 * holds nothing but what its own request said [SEC-1].
 * Refuses to know meanings: ids, keys, names and texts that this run made are known by how they begin.
 */

import { answerIn, shapeOf } from "../anatomy.ts";
import type { Desk, Exchange } from "../desk.ts";
import type { Violation } from "../probe.ts";
import type { HttpRequest } from "../target.ts";
import type { Watch } from "../watch.ts";

/** A token shorter than this may stand in any text by chance. */
const TOKEN_LENGTH_MIN = 5;

type Viewer = 0 | 1 | "nobody";

/** Fresh for each run: it remembers who said what. */
export function watchTenancy(): Watch {
  const said: readonly [Set<string>, Set<string>] = [new Set(), new Set()];
  return {
    rules: ["SEC-1", "SEC-3"],
    look(exchange, desk) {
      const { http } = exchange.ask;
      const viewer = viewerOf(http, desk);
      const own = marksIn(`${http.path} ${Object.values(http.headers).join(" ")} ${http.body ?? ""}`, desk);
      // A delivery of the backend's names its account inside: what it says may be either's.
      const isWebhook = shapeOf(http).kind === "webhook";
      for (const account of [0, 1] as const) {
        if (viewer === account || isWebhook) for (const mark of own) said[account].add(mark);
      }
      const answer = answerIn(exchange);
      if (answer === undefined || isWebhook) return undefined;
      return viewer === "nobody"
        ? ofNobody(exchange, answer.text, new Set(own), desk)
        : ofForeign(exchange, answer.text, viewer, said, desk);
    },
  };
}

/** The first thing in a text that this account never said, and the other did. */
function foreignMark(
  text: string,
  viewer: 0 | 1,
  said: readonly [ReadonlySet<string>, ReadonlySet<string>],
  desk: Desk,
): string | undefined {
  const other = viewer === 0 ? 1 : 0;
  const { token } = desk.facts.accounts[other];
  if (token.length >= TOKEN_LENGTH_MIN && text.includes(token)) return "its token";
  return marksIn(text, desk).find((mark) => said[other].has(mark) && !said[viewer].has(mark));
}

function ofForeign(
  { ask }: Exchange,
  text: string,
  viewer: 0 | 1,
  said: readonly [ReadonlySet<string>, ReadonlySet<string>],
  desk: Desk,
): Violation | undefined {
  // With nothing said by the other account there is nothing to see.
  if (said[viewer === 0 ? 1 : 0].size > 0) desk.exercise("SEC-3");
  const mark = foreignMark(text, viewer, said, desk);
  if (mark === undefined) return undefined;
  const expected = "no byte of another account in any answer";
  return { rule: "SEC-3", expected, actual: `${ask.label}: ${mark}, which only the other account ever said` };
}

function ofNobody(
  { ask }: Exchange,
  text: string,
  own: ReadonlySet<string>,
  desk: Desk,
): Violation | undefined {
  const mark = marksIn(text, desk).find((one) => !own.has(one));
  if (mark === undefined) return undefined;
  const expected = "nothing of an account in an answer to nobody";
  return { rule: "SEC-1", expected, actual: `${ask.label}: the answer holds ${mark}` };
}

function viewerOf({ headers }: HttpRequest, { facts }: Desk): Viewer {
  const token = /^bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  if (token === facts.accounts[0].token) return 0;
  return token === facts.accounts[1].token ? 1 : "nobody";
}

/** Names that this run made, wherever they stand. */
function marksIn(text: string, desk: Desk): readonly string[] {
  return (text.match(/[A-Za-z0-9_.-]+/g) ?? []).filter((word) => desk.owns(word));
}
