/**
 * Owns the probe of sockets that outlive their token [SEC-5].
 * Refuses to know how a target hears of it: the socket has the time that a ping takes.
 */

import { constant } from "fast-check";
import { defineProbe } from "../probe.ts";

/** No rule says how soon; by its next ping, and that one's deadline, a proxy has looked at the socket. */
const WITHIN_MS = 60_000;

export const revokedToken = defineProbe({
  id: "security/revoked-token",
  rules: ["SEC-5"],
  text: "A socket whose token is revoked is closed with 4401, while one whose token is good stays.",
  phases: [1],
  needs: ({ revocable }) =>
    revocable === undefined
      ? "needs a token that can be revoked, or expires, while the run goes on: a profile has no word for that"
      : undefined,
  runs: 1,
  values: () => constant(undefined),
  *script(desk) {
    const { revocable = "" } = desk.facts;
    const phone = desk.actor("phone");
    const stays = yield* desk.open(phone);
    const goes = yield* desk.open(desk.actor("guest").withToken(revocable));
    const first = yield* desk.watch(goes, ({ frames }) => frames.length > 0);
    if (first.closeCode !== undefined) return yield* desk.discard("the socket did not live");
    yield* desk.revoke(revocable);
    yield* desk.made(phone, "task", { title: "after" });
    const ended = yield* desk.watch(goes, () => false, WITHIN_MS);
    yield* desk.expect("SEC-5", ended.closeCode === 4401, {
      expected: "close with 4401",
      actual: ended.closeCode === undefined ? "the socket is still open" : `close with ${ended.closeCode}`,
      because: "its token was taken away, and a record was written after that",
    });
    const other = yield* desk.watch(stays, () => true);
    yield* desk.expect("SEC-5", other.closeCode === undefined, {
      expected: "the socket of another token stays open",
      actual: `close with ${other.closeCode}`,
    });
  },
});
