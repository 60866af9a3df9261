/**
 * Owns the filling of an account for serve's bench: records through an engine over the store itself, without HTTP.
 * Refuses to measure.
 */

import type { Sync } from "../src/live/open.ts";
import type { AccountId } from "../src/protocol/messages.ts";
import { createProxy } from "../src/proxy/engine.ts";

export interface Filling {
  readonly token: string;
  readonly records: number;
  /** How many of the records, spread evenly, are changed once more. */
  readonly changes: number;
}

/** Calls that are made durable together. */
const STEP = 5_000;

/** Makes the records, then the changes; gives the head that was between the two. */
export async function fill(sync: Sync, { token, records, changes }: Filling): Promise<string> {
  const { durable, clock, service } = sync;
  const account = service.accountOf(token) as AccountId;
  const proxy = createProxy({ ...service.config, upkeep: false }, durable.desk);
  const write = async (count: number, each: (index: number) => number): Promise<void> => {
    for (let start = 0; start < count; start += STEP) {
      await durable.transact(account, () => {
        const nowMs = clock.nowMs();
        for (let index = start; index < Math.min(count, start + STEP); index++) {
          const status = each(index);
          if (status > 201) throw new Error(`filling was answered ${status}`);
          proxy.takeOutputs();
        }
        return nowMs;
      });
    }
  };
  const idOf = (index: number): string => `r-${String(index).padStart(8, "0")}`;
  await write(records, (index) => {
    const body = { id: idOf(index), name: `Name ${index}`, phone: "+49 30 1234567", email: "a@example.com" };
    return proxy.answer({ token, call: { call: "create", entity: "contact", body } }, clock.nowMs()).status;
  });
  const since = durable.watch.standing(account).head;
  const every = Math.floor(records / Math.max(1, changes));
  await write(changes, (index) => {
    const call = {
      call: "update",
      entity: "contact",
      id: idOf(index * every),
      body: { notes: "changed" },
    } as const;
    return proxy.answer({ token, call }, clock.nowMs()).status;
  });
  return since;
}
