/**
 * Owns the probe of sockets that outlive their token [SEC-5].
 * Refuses to know how a target hears of it: the socket has the time that a ping takes.
 */

import { constant } from "fast-check";
import { SECOND_MS } from "../../base/time.ts";
import { defineProbe } from "../probe.ts";

/** No rule says how soon; by its next ping, and that one's deadline, a proxy has looked at the socket. */
const WITHIN_MS = 60_000;

export const revokedToken = defineProbe({
  id: "security/revoked-token",
  rules: ["SEC-5"],
  text: "A socket whose token is revoked is closed with 4401, while one whose token is good stays.",
  phases: [1],
  needs: ({ revocable, revocableMs = 0, waitMsMax }) => {
    if (revocable === undefined)
      return "needs expiring in the profile: a token that ends while the run goes on";
    if (revocableMs <= waitMsMax) return undefined;
    return `needs waits of ${Math.ceil(revocableMs / SECOND_MS)} s, until the expiring token ends`;
  },
  runs: 1,
  values: () => constant(undefined),
  *script(desk) {
    const { revocable = "" } = desk.facts;
    const phone = desk.actor("phone");
    const guest = desk.actor("guest").withToken(revocable);
    const early = yield* desk.send(guest.list("task", { limit: 1 }));
    if (early.status === 401) return yield* desk.discard("the expiring token was refused before its time");
    const stays = yield* desk.open(phone);
    const goes = yield* desk.open(guest);
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
