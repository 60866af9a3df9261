/**
 * Owns the making of desks with a server behind them, and their end after each test.
 * Refuses to know which store it is.
 */

import { afterEach } from "vitest";
import type { DeskMaker } from "../proxy/test-desk.fixture.ts";
import { type LiveDesk, openLiveDesk } from "./desk.fixture.ts";
import type { Shelf } from "./shelf.fixture.ts";

/** Desks over new shelves of a kind. `share`: of the runs of a property that the engine alone would have. */
export function liveDesks(createShelf: () => Promise<Shelf>, share: number): DeskMaker {
  const open: { readonly desk: LiveDesk; readonly shelf: Shelf }[] = [];
  afterEach(async () => {
    // One that does not end well must not keep the others from ending.
    const ended = await Promise.allSettled(
      open.splice(0).map(async ({ desk, shelf }) => {
        await desk.close();
        await shelf.clear();
      }),
    );
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  });
  return {
    create: async (changes) => {
      const shelf = await createShelf();
      const desk = await openLiveDesk(shelf, changes);
      open.push({ desk, shelf });
      return desk;
    },
    runs: (wanted) => Math.max(5, Math.ceil(wanted * share)),
  };
}
