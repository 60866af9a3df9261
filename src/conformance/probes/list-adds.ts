/**
 * Owns the probe of items that several devices add to one list at once [MRG-5, MRG-7].
 * Refuses to know who merges: where the client resolves, the probe plays the client's part.
 */

import { boolean, integer, record, shuffledSubarray } from "fast-check";
import { HOUR_MS } from "../../base/time.ts";
import type { Desk } from "../desk.ts";
import { created, idOf, sure } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import { listOf, looseOf, type Reply } from "../reply.ts";

const AGO_MS = 6 * HOUR_MS;

export const listAdds = defineProbe({
  id: "lists/adds",
  rules: ["MRG-5", "MRG-7", "CON-2", "CON-11"],
  text: "Items added at once by several devices are all there, each once, also where two chose the same id.",
  phases: [2],
  needs: ({ declared }) => (declared.mode === "enforce" ? undefined : "needs conflicts.mode: enforce"),
  runs: 5,
  values: () =>
    record({
      writers: integer({ min: 2, max: 4 }),
      adds: integer({ min: 1, max: 3 }),
      shared: boolean(),
      atMs: shuffledSubarray([10, 20, 30, 40], { minLength: 4 }),
      together: boolean(),
      empty: boolean(),
    }),
  *script(desk, { writers, adds, shared, atMs, together, empty }) {
    const baseMs = (yield* desk.targetNow()) - AGO_MS;
    const items = empty ? [] : [{ id: "base", text: "base" }];
    const made = yield* created(
      desk,
      desk.actor("maker"),
      "list",
      { name: "n", items },
      { timestamp: baseMs },
    );
    const own = Array.from({ length: writers }, (_, nth) => {
      const mine = Array.from({ length: adds }, (_one, at) => ({ id: `w${nth}-${at}`, text: `by ${nth}` }));
      return shared ? [{ id: "shared", text: `by ${nth}` }, ...mine] : mine;
    });
    const asks = own.map((mine, nth) =>
      desk.actor(`w${nth}`).update(
        "list",
        idOf(made),
        { items: [...items, ...mine] },
        {
          ifMatch: made.revision,
          timestamp: baseMs + (atMs[nth] as number),
        },
      ),
    );
    const isClient = desk.facts.declared.resolvedBy === "client";
    if (together && !isClient) yield* desk.atOnce(asks);
    else
      for (const [nth, ask] of asks.entries()) {
        const reply = yield* desk.send(ask);
        if (isClient && nth > 0)
          yield* merges(desk, made, reply, own[nth] ?? [], baseMs + (atMs[nth] as number));
      }
    const read = yield* desk.send(desk.actor("maker").read("list", idOf(made)));
    const ids = listOf(read.record.items).map((one) => String(looseOf(one).id));
    const wanted = new Set([...items, ...own.flat()].map(({ id }) => id));
    yield* desk.expect("MRG-5", ids.length === wanted.size && ids.every((id) => wanted.has(id)), {
      expected: `each of ${[...wanted].join(", ")} once`,
      actual: ids.join(", "),
      because: `${writers} devices added them on ${made.revision}${together ? ", all at once" : ""}`,
    });
    if (!shared || isClient) return;
    const last = own.findIndex((_, nth) =>
      own.every((_one, other) => Number(atMs[other]) <= Number(atMs[nth])),
    );
    const text = looseOf(listOf(read.record.items).find((one) => looseOf(one).id === "shared")).text;
    yield* desk.expect("MRG-7", text === `by ${last}`, {
      expected: `the larger stamp for the item that all added: by ${last}`,
      actual: JSON.stringify(text),
    });
  },
});

/** The client's part: what the server has, then its own new items. */
function* merges(
  desk: Desk,
  made: Reply,
  refused: Reply,
  mine: readonly { readonly id: string; readonly text: string }[],
  timestamp: number,
): Script<void> {
  yield* desk.expect("CON-2", refused.status === 409 && refused.error === "conflict", {
    expected: "409 conflict: the client resolves here",
    actual: refused.says,
  });
  const theirs = listOf(looseOf(refused.body.serverData).items).map(looseOf);
  const news = mine.filter(({ id }) => !theirs.some((one) => one.id === id));
  const headers = { ifMatch: String(refused.body.currentRevision), timestamp };
  const patch = { items: [...theirs, ...news] };
  yield* sure(desk, "CON-11", refused.ask.actor.update("list", idOf(made), patch, headers), 200);
}
