/**
 * Owns the seams at which faults of the proxy stand: its parts, its store, its answers, what it puts out, and the HTTP
 * border around it.
 * Refuses to know which fault stands where. What must be remembered is made anew for each proxy or store.
 */

import type { AccountId } from "../protocol/messages.ts";
import type { Answer, EventSubscription, Frame, Request } from "../protocol/request.ts";
import { runBatch } from "../proxy/batch.ts";
import type { Case, Decision } from "../proxy/decide.ts";
import { createProxy, PROXY_PARTS, type ProxyParts } from "../proxy/engine.ts";
import type { Mutation } from "../proxy/mutation.ts";
import type { ProxyConfig, ProxyOutput, SyncProxy } from "../proxy/port.ts";
import type { PushStore } from "../proxy/push-store.ts";
import type { Store } from "../proxy/store.ts";
import type { Border, Parts } from "../simulation/parts.ts";
import { type Fault, override } from "./fault.ts";

/** A fault of the proxy that probes show, on the rig `plain` unless it names another. */
export function proxyFault(
  fault: Omit<Fault, "side" | "rig"> & { readonly rig?: string; readonly smallest: string },
): Fault {
  return { side: "proxy", rig: "plain", ...fault };
}

/** Parts whose proxies have these of the engine's own parts replaced. */
export function withEngine(
  parts: Parts,
  change: (config: ProxyConfig, store: Store) => Partial<ProxyParts>,
): Parts {
  return {
    ...parts,
    proxy: (config, store) => createProxy(config, store, { ...PROXY_PARTS, ...change(config, store) }),
  };
}

/** Parts whose proxies decide writes so. `decide` is the reference's. */
export function withDecision(
  parts: Parts,
  decideSo: (at: Case, decide: ProxyParts["decide"]) => Decision,
): Parts {
  return withEngine(parts, () => ({ decide: (at) => decideSo(at, PROXY_PARTS.decide) }));
}

/** Parts whose proxies decide a changed case. */
export function withCase(parts: Parts, change: (at: Case) => Case): Parts {
  return withDecision(parts, (at, decide) => decide(change(at)));
}

/** The case with another mutation. What is remembered under its key stays bound to what was asked. */
export function mutated(at: Case, changes: Partial<Case["mutation"]>): Case {
  return { ...at, mutation: { ...at.mutation, ...changes } };
}

/** The decision with another binding of its key: what a later retry of the same request is held against. */
export function boundAs(decision: Decision, { mutation }: Case): Decision {
  const { plan } = decision;
  if (plan?.remember === undefined) return decision;
  const { operation, id: askedId, payload, ifMatch } = mutation;
  return {
    ...decision,
    plan: { ...plan, remember: { ...plan.remember, operation, askedId, payload, ifMatch } },
  };
}

/** Parts whose store has these of its methods replaced. */
export function withStore(parts: Parts, change: (store: Store) => Partial<Store>): Parts {
  return {
    ...parts,
    store: () => {
      const store = parts.store();
      return override(store, change(store));
    },
  };
}

/** Parts whose store has these methods of its push side replaced. */
export function withPushStore(parts: Parts, change: (push: PushStore) => Partial<PushStore>): Parts {
  return withStore(parts, (store) => ({ push: override(store.push, change(store.push)) }));
}

/** Parts whose proxies have these of their methods replaced. */
export function withMethods(
  parts: Parts,
  change: (proxy: SyncProxy, config: ProxyConfig, store: Store) => Partial<SyncProxy>,
): Parts {
  return {
    ...parts,
    proxy: (config, store) => {
      const proxy = parts.proxy(config, store);
      return override(proxy, change(proxy, config, store));
    },
  };
}

/** Parts whose proxies are built with another configuration; what they declare of themselves is the true one's. */
export function withConfig(parts: Parts, change: (config: ProxyConfig) => ProxyConfig): Parts {
  return {
    ...parts,
    proxy: (config, store) => {
      const truthful = parts.proxy({ ...config, upkeep: false }, store);
      const proxy = parts.proxy(change(config), store);
      return override(proxy, {
        answer: (request, nowMs) =>
          (request.call.call === "capabilities" ? truthful : proxy).answer(request, nowMs),
      });
    },
  };
}

/** Parts whose proxies put out what `change` makes of each output. A new `change` is made for each proxy. */
export function withPuts(
  parts: Parts,
  makeChange: (config: ProxyConfig, store: Store) => (output: ProxyOutput) => readonly ProxyOutput[],
): Parts {
  return withMethods(parts, (proxy, config, store) => {
    const change = makeChange(config, store);
    return { takeOutputs: () => proxy.takeOutputs().flatMap(change) };
  });
}

/** Parts whose proxies send each frame as `change` makes it; undefined: not at all. */
export function withFrames(parts: Parts, change: (frame: Frame) => Frame | undefined): Parts {
  return withPuts(parts, () => (output) => {
    if (output.output !== "frame") return [output];
    const frame = change(output.frame);
    return frame === undefined ? [] : [{ ...output, frame }];
  });
}

/** Parts with another border. */
export function withBorder(parts: Parts, border: Partial<Border>): Parts {
  return { ...parts, border: { ...parts.border, ...border } };
}

/** An open socket, as whoever stands in front of the proxy knows it. */
export interface Known {
  readonly socket: number;
  readonly account: AccountId | undefined;
  readonly subscription: EventSubscription;
  readonly openedAtMs: number;
}

/** What can be done around the sockets of one proxy. */
export interface AroundSockets {
  /** What goes out instead of the outputs; called whenever they are fetched, with the newest time that the proxy heard of. */
  put(
    outputs: readonly ProxyOutput[],
    open: ReadonlyMap<number, Known>,
    nowMs: number,
  ): readonly ProxyOutput[];
  /** What is opened instead. */
  subscribe?(subscription: EventSubscription, nowMs: number): EventSubscription;
  opened?(known: Known): void;
  closed?(known: Known): void;
  answered?(answer: Answer, request: Request, account: AccountId | undefined): void;
}

/** Parts whose proxies have this in front of their sockets, made anew for each. */
export function withSockets(
  parts: Parts,
  make: (config: ProxyConfig, store: Store, proxy: SyncProxy) => AroundSockets,
): Parts {
  return withMethods(parts, (proxy, config, store) => {
    const around = make(config, store, proxy);
    const open = new Map<number, Known>();
    let clockMs = 0;
    const leave = (socket: number): void => {
      const known = open.get(socket);
      if (known && open.delete(socket)) around.closed?.(known);
    };
    return {
      answer: (request, nowMs) => {
        clockMs = nowMs;
        const answer = proxy.answer(request, nowMs);
        around.answered?.(answer, request, config.accounts.get(request.token ?? ""));
        return answer;
      },
      tick: (nowMs) => {
        clockMs = nowMs;
        proxy.tick(nowMs);
      },
      openSocket: (subscription, nowMs) => {
        clockMs = nowMs;
        const socket = proxy.openSocket(around.subscribe?.(subscription, nowMs) ?? subscription, nowMs);
        if (socket === undefined) return undefined;
        const account = config.accounts.get(subscription.token ?? "");
        const known = { socket, account, subscription, openedAtMs: nowMs };
        open.set(socket, known);
        around.opened?.(known);
        return socket;
      },
      socketClosed: (socket) => {
        leave(socket);
        proxy.socketClosed(socket);
      },
      takeOutputs: () => {
        const outputs = around.put(proxy.takeOutputs(), open, clockMs);
        for (const output of outputs) if (output.output === "close") leave(output.socket);
        return outputs;
      },
    };
  });
}

/** Parts whose proxies see each request, and each answer, through this; it is made anew for each proxy. */
export function withDesk(
  parts: Parts,
  make: (
    config: ProxyConfig,
    store: Store,
  ) => (request: Request, nowMs: number, go: (request: Request) => Answer) => Answer,
): Parts {
  return withMethods(parts, (proxy, config, store) => {
    const desk = make(config, store);
    return { answer: (request, nowMs) => desk(request, nowMs, (asked) => proxy.answer(asked, nowMs)) };
  });
}

type CarryOut = Parameters<typeof runBatch>[6];

/** Parts whose batches run over another store, or carry out their items otherwise. */
export function withBatch(
  parts: Parts,
  change: (
    store: Store,
    carryOut: CarryOut,
    run: (
      store: Store,
      carryOut: (mutation: Mutation) => ReturnType<CarryOut>,
    ) => ReturnType<typeof runBatch>,
  ) => ReturnType<typeof runBatch>,
): Parts {
  return withEngine(parts, () => ({
    runBatch: (store, account, body, deviceId, mutationsMax, nowMs, carryOut) =>
      change(store, carryOut, (otherStore, other) =>
        runBatch(otherStore, account, body, deviceId, mutationsMax, nowMs, other),
      ),
  }));
}
