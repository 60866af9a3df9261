/**
 * Owns an app that keeps what it shows in a real QueryClient, as one on React Query would: keys for collections, filtered
 * views and single records, and a few lines that carry a device's outputs over to it. Refuses to know how a device
 * decides what is stale: it refetches what it is told to, and counts.
 */

import { QueryClient, QueryObserver } from "@tanstack/query-core";
import type { Entity, Fields } from "../protocol/entity.ts";
import type { DeviceOutput, Query, ReplicaRecord } from "./port.ts";

/** A screen: all of a collection, those records of it that a filter lets through, or one record. */
export interface View {
  readonly name: string;
  readonly entity: Entity;
  readonly id?: string;
  readonly filter?: (fields: Fields) => boolean;
}

/** The device's read behind a view; a filtered view reads its whole collection. */
export function readOf({ entity, id }: View): Query {
  return id === undefined ? { entity } : { entity, id };
}

/** What a view shows of these records. */
export function answerOf(view: View, records: readonly ReplicaRecord[]): readonly ReplicaRecord[] {
  return records.filter(
    ({ entity, id, fields }) =>
      entity === view.entity && (view.id === undefined || id === view.id) && (view.filter?.(fields) ?? true),
  );
}

type Shown = Extract<DeviceOutput, { output: "show" }>;

/** One process of the app. `fetch` answers a view, as its query function would. */
export class QueryApp {
  /** Views that were fetched since the last `takeFetched`, in order, each as often as it was. */
  private fetched: string[] = [];
  private readonly client = new QueryClient({
    defaultOptions: {
      // Nothing but an invalidation makes anything stale, and all is asked for at once.
      queries: { staleTime: Number.POSITIVE_INFINITY, retry: false, networkMode: "always" },
    },
  });
  private readonly views = new Map<string, View>();
  private readonly leave = new Map<string, () => void>();
  private readonly fetch: (view: View) => readonly ReplicaRecord[];

  constructor(fetch: (view: View) => readonly ReplicaRecord[]) {
    this.fetch = fetch;
  }

  /** Opens a screen, which fetches what it has not, or what became stale meanwhile. */
  async open(view: View): Promise<void> {
    this.views.set(view.name, view);
    const queryFn = () => {
      this.fetched.push(view.name);
      return this.fetch(view);
    };
    const observer = new QueryObserver(this.client, { queryKey: keyOf(view), queryFn });
    this.leave.set(view.name, observer.subscribe(nothing));
    await settle(() => this.client.isFetching() === 0);
  }

  /** Closes a screen; what it showed stays cached. */
  close(view: View): void {
    this.leave.get(view.name)?.();
    this.leave.delete(view.name);
  }

  /** What a screen has on it now. */
  data(view: View): readonly ReplicaRecord[] | undefined {
    return this.client.getQueryData(keyOf(view));
  }

  isStale(view: View): boolean {
    return this.client.getQueryState(keyOf(view))?.isInvalidated === true;
  }

  /** Carries what one step of the device put out over to the client: this is all that such an app needs. */
  async take(outputs: readonly DeviceOutput[]): Promise<void> {
    const shown = outputs.filter((output): output is Shown => output.output === "show");
    const stale = outputs.flatMap((output) => (output.output === "invalidate" ? output.queries : []));
    for (const query of stale) {
      if (query.id !== undefined) {
        await this.client.invalidateQueries({ queryKey: [query.entity, "one", query.id], exact: true });
      } else {
        await this.client.invalidateQueries({ queryKey: [query.entity, "all"], exact: true });
        await this.invalidateFiltered(query.entity, shown);
      }
    }
  }

  /** Names of the views that were fetched since the last call, in ASCII order. */
  takeFetched(): readonly string[] {
    const { fetched } = this;
    this.fetched = [];
    return fetched.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  }

  end(): void {
    for (const leave of this.leave.values()) leave();
    this.client.clear();
  }

  /** A filtered view is concerned by what was in it before, and by what belongs into it now. */
  private async invalidateFiltered(entity: Entity, shown: readonly Shown[]): Promise<void> {
    for (const view of this.views.values()) {
      const { filter } = view;
      if (view.entity !== entity || filter === undefined) continue;
      const before = new Set(this.data(view)?.map(({ id }) => id));
      const isConcerned = shown.some(
        (one) =>
          one.entity === entity && (before.has(one.id) || (one.fields !== undefined && filter(one.fields))),
      );
      if (isConcerned) await this.client.invalidateQueries({ queryKey: keyOf(view), exact: true });
    }
  }
}

function keyOf({ entity, id, filter, name }: View): readonly string[] {
  if (id !== undefined) return [entity, "one", id];
  return filter ? [entity, "some", name] : [entity, "all"];
}

function nothing(): void {}

/** Lets promises go on until `done`; fails rather than waits for ever. */
async function settle(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    await Promise.resolve();
    if (done()) return;
  }
  throw new Error("the client does not come to rest");
}
