/**
 * Owns the client process of serve's bench: loads and the crowd of sockets, as its parent asks for them.
 * Refuses to judge what it measured.
 */

import { Crowd, type CrowdOptions } from "./crowd.ts";
import { Load, type LoadOptions } from "./load.ts";
import { answerParent } from "./serve-process.ts";

const loads = new Map<number, Load>();
let crowd: Crowd | undefined;

function loadOf(id: number): Load {
  const load = loads.get(id);
  if (load === undefined) throw new Error("there is no such load");
  return load;
}

function theCrowd(): Crowd {
  if (crowd === undefined) throw new Error("no sockets are open");
  return crowd;
}

const CALLS = {
  /** Connects, and makes what is worked on; gives the load's number. */
  openLoad: async (options: LoadOptions) => {
    const load = new Load(options);
    await load.prepare();
    const id = loads.size + 1;
    loads.set(id, load);
    return id;
  },
  runLoad: ({ load, seconds }: { readonly load: number; readonly seconds: number }) =>
    loadOf(load).run(seconds),
  closeLoad: (load: number) => loadOf(load).close(),

  openCrowd: async (options: CrowdOptions) => {
    crowd = new Crowd(options);
    return crowd.open();
  },
  fanOut: ({
    writers,
    seconds,
    tag,
  }: {
    readonly writers: number;
    readonly seconds: number;
    readonly tag: string;
  }) => theCrowd().fanOut(writers, seconds, tag),
  spread: ({ writes, pauseMs }: { readonly writes: number; readonly pauseMs: number }) =>
    theCrowd().spread(writes, pauseMs),
  closeCrowd: () => theCrowd().close(),
};

export type ClientCalls = typeof CALLS;

answerParent(CALLS);
