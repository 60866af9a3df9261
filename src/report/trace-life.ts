/**
 * Owns what a trace remembers of one device between two of its facts: clock, network, app, queue, last-seen revision.
 * Refuses to look into the device: all of it follows from the facts alone.
 */

import type { EpochMs } from "../base/time.ts";
import type { Fact, FactOf, SentMutation } from "../history/facts.ts";
import type { Entity, Fields } from "../protocol/entity.ts";

/** An edit that the trace has seen. */
export interface TracedEdit {
  readonly at: EpochMs;
  readonly entity: Entity;
  readonly id: string;
  readonly payload: Fields | undefined;
  saved: boolean;
  rekeyed: boolean;
}

/** A request that left, until something becomes of it. */
export interface TracedRequest {
  readonly at: EpochMs;
  readonly mutations: readonly SentMutation[];
}

/** One device, as far as its facts have come. */
export class TracedLife {
  readonly name: string;
  clockOffsetMs = 0;
  network: "off" | "on" | "live" = "on";
  /** Not running, in the background, in the foreground. */
  app: "--" | "bg" | "fg" = "--";
  /** Every edit that was made, and of them those that wait or are on their way. */
  readonly edits = new Map<string, TracedEdit>();
  readonly queue = new Set<string>();
  /** Key to mutation. */
  readonly keys = new Map<string, string>();
  readonly requests = new Map<number, TracedRequest>();
  /** When each socket that is there was asked for. */
  readonly sockets = new Map<number, EpochMs>();
  private readonly seenByEntity = new Map<Entity, string>();

  constructor(name: string) {
    this.name = name;
  }

  /** The smallest last-seen revision of all entities [REV-11]; undefined before the first. */
  get seen(): string | undefined {
    let smallest: string | undefined;
    for (const revision of this.seenByEntity.values()) {
      if (smallest === undefined || revision < smallest) smallest = revision;
    }
    return smallest;
  }

  /** The edit behind a key. */
  editOf(key: string): TracedEdit | undefined {
    return this.edits.get(this.keys.get(key) ?? key);
  }

  /** Takes in a fact of this device. */
  take(fact: Fact): void {
    switch (fact.fact) {
      case "clock_set":
        this.clockOffsetMs = fact.offsetMs;
        return;
      case "started":
        this.app = "bg";
        this.network = fact.online ? "on" : "off";
        return;
      case "opened":
        this.app = "fg";
        return;
      case "closed":
        this.app = "bg";
        return;
      case "killed":
        return this.killed();
      case "online":
        this.network = "on";
        return;
      case "offline":
        this.network = "off";
        return;
      case "advanced":
        this.seenByEntity.set(fact.entity, fact.revision);
        return;
      case "edited":
      case "saved":
      case "rekeyed":
      case "settled":
      case "retried":
      case "discarded":
        return this.takeEdit(fact);
      default:
        return this.takeExchange(fact);
    }
  }

  private takeEdit(fact: FactOf<"edited" | "saved" | "rekeyed" | "settled" | "retried" | "discarded">): void {
    const edit = this.edits.get(fact.mutation);
    switch (fact.fact) {
      case "edited": {
        const { at, entity, id, payload, key, mutation } = fact;
        this.edits.set(mutation, { at, entity, id, payload, saved: false, rekeyed: false });
        this.keys.set(key, mutation);
        this.queue.add(mutation);
        return;
      }
      case "saved":
        if (edit) edit.saved = true;
        return;
      case "rekeyed":
        this.keys.set(fact.key, fact.mutation);
        if (edit) edit.rekeyed = true;
        return;
      case "retried":
        this.queue.add(fact.mutation);
        return;
      case "settled":
      case "discarded":
        this.queue.delete(fact.mutation);
        return;
    }
  }

  private takeExchange(fact: Fact): void {
    switch (fact.fact) {
      case "sent":
        this.requests.set(fact.request, { at: fact.at, mutations: fact.mutations });
        return;
      case "answered":
      case "unanswered":
        this.requests.delete(fact.request);
        return;
      case "connecting":
        this.sockets.set(fact.socket, fact.at);
        return;
      case "frame":
        if (fact.frame.type === "ready") this.network = "live";
        return;
      case "disconnected":
        this.sockets.delete(fact.socket);
        if (this.network === "live") this.network = "on";
        return;
      default:
        return;
    }
  }

  /** [QUE-1] what was not yet durable is gone, and nobody waits for answers. */
  private killed(): void {
    this.app = "--";
    if (this.network === "live") this.network = "on";
    this.requests.clear();
    for (const mutation of this.queue) if (!this.edits.get(mutation)?.saved) this.queue.delete(mutation);
  }
}
