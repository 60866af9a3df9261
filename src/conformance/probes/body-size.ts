/**
 * Owns the probe of the largest body [API-3]: exactly `bodyBytesMax` bytes are taken, one more is 413.
 * Refuses to count characters: bytes count.
 */

import { constantFrom, record } from "fast-check";
import { ENTITIES, type Entity, REQUIRED_FIELD } from "../../protocol/entity.ts";
import type { Ask } from "../actor.ts";
import type { Desk } from "../desk.ts";
import { created, idOf, untouched } from "../moves.ts";
import { defineProbe, type Script } from "../probe.ts";
import type { Loose } from "../reply.ts";
import { each } from "../values.ts";

export const bodySize = defineProbe({
  id: "records/body-size",
  rules: ["API-3", "API-1"],
  text: "A body of exactly bodyBytesMax bytes is taken; one byte more is 413, or a closed connection, and changes nothing.",
  phases: [],
  runs: 1,
  values: () =>
    record({
      entity: constantFrom(...ENTITIES),
      fillers: each(["字", "é", " ", "a"]),
      over: constantFrom(1, 2, 1_000),
    }),
  *script(desk, { entity, fillers, over }) {
    const phone = desk.actor("phone");
    const { bodyBytesMax } = desk.facts.declared;
    const { path } = phone.create(entity, {}).http;
    for (const filler of fillers) yield* isBounded(desk, entity, filler);
    const bytes = bodyBytesMax + over;
    const filler = fillers[0] ?? "a";
    const made = yield* created(desk, phone, entity, { [REQUIRED_FIELD[entity]]: "n" });
    const patch = padded({ notes: "" }, filler, bytes);
    const headers = { "if-match": made.revision ?? "*" };
    yield* isTooLarge(
      desk,
      phone.raw("PATCH", `${path}/${idOf(made)}`, headers, patch, `patches with ${bytes} bytes`),
    );
    yield* untouched(desk, "API-3", phone, entity, idOf(made), made.revision);
  },
});

/** Exactly as many bytes as may be, and one more. */
function* isBounded(desk: Desk, entity: Entity, filler: string): Script<void> {
  const phone = desk.actor("phone");
  const { bodyBytesMax } = desk.facts.declared;
  const { path } = phone.create(entity, {}).http;
  const body = (id: string, bytes: number) =>
    padded({ id, [REQUIRED_FIELD[entity]]: "n", notes: "" }, filler, bytes);
  const fits = body(desk.fresh("fits"), bodyBytesMax);
  const taken = yield* desk.send(phone.raw("POST", path, {}, fits, `sends ${bodyBytesMax} bytes`));
  yield* desk.expect("API-3", taken.status === 201, {
    expected: `201 for a body of exactly ${bodyBytesMax} bytes`,
    actual: taken.says,
  });
  const big = desk.fresh("big");
  const justOver = body(big, bodyBytesMax + 1);
  yield* isTooLarge(desk, phone.raw("POST", path, {}, justOver, "sends one byte more"));
  const read = yield* desk.send(phone.read(entity, big));
  yield* desk.expect("API-3", read.status === 404, {
    expected: `${big} does not exist: its body was too large`,
    actual: read.says,
  });
}

/** The connection may close before an answer comes: what a read shows then decides. */
function* isTooLarge(desk: Desk, ask: Ask): Script<void> {
  const [outcome] = yield* desk.outcomes([ask]);
  desk.exercise("API-3");
  if (outcome?.outcome !== "answered") return;
  const { status } = outcome.answer;
  if (status === 429 || status === 503) return yield* desk.discard(`${ask.label}: answered ${status}`);
  yield* desk.expect("API-3", status === 413, { expected: `${ask.label}: 413`, actual: String(status) });
}

/** JSON of exactly so many bytes: filled up in `notes`, or with white space around it. */
function padded(fields: Loose, filler: string, bytes: number): string {
  const bare = JSON.stringify(fields);
  const room = bytes - bytesOf(bare);
  if (filler === " ") return bare + " ".repeat(room);
  const width = bytesOf(filler);
  const notes = filler.repeat(Math.floor(room / width)) + "a".repeat(room % width);
  return JSON.stringify({ ...fields, notes });
}

/** Bytes of a text in UTF-8; none of ours holds half a pair. */
function bytesOf(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const point = char.codePointAt(0) as number;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
