/**
 * Owns the target in memory: proxy engines over one store, asked through the same HTTP texts as a server is, under
 * virtual time. The sink of pushes and the border of webhooks are modelled beside it.
 * Refuses to judge. A planted fault hands in other parts, and nothing in here knows of it.
 */

import { assert, assertNever } from "../base/assert.ts";
import { type Prng, stream } from "../base/prng.ts";
import { declaredOf } from "../conformance/declared.ts";
import { looseOf } from "../conformance/reply.ts";
import type {
  Effect,
  EffectResult,
  HttpAnswer,
  HttpRequest,
  MemoryTarget,
  Outcome,
  SeenFrame,
  SocketRequest,
  SocketView,
  TargetFacts,
  Upgrade,
} from "../conformance/target.ts";
import type { AccountId } from "../protocol/messages.ts";
import { type HttpAnswer as WrittenAnswer, writeHttp } from "../proxy/http-answer.ts";
import { readHttp, readUpgrade } from "../proxy/http-border.ts";
import type { ProxyConfig, ProxyOutput, SyncProxy } from "../proxy/port.ts";
import type { Store } from "../proxy/store.ts";
import { type Border, type Parts, REFERENCE } from "../simulation/parts.ts";
import { PushSink } from "./push-sink.ts";
import { Timeline } from "./timeline.ts";
import { answerWebhook, isGenuine, signatureOf, WEBHOOK_PATH } from "./webhook-border.ts";

const START_MS = 1_767_571_200_000;
const LEG_MS = 1;
/** Until other instances hear of a commit. */
const FAN_OUT_MS = 5;

export interface EngineTargetOptions {
  readonly config: ProxyConfig;
  readonly parts?: Pick<Parts, "store" | "proxy" | "border">;
  /** Proxies over one store; requests and sockets go to them in turn. */
  readonly instances?: number;
  /** Of the order in which requests that are sent together arrive. */
  readonly seed?: number;
}

/** A further token of the first account. */
const REVOCABLE = "tok-a-revocable";

/** A fresh target, with empty accounts. */
export function createEngineTarget(options: EngineTargetOptions): MemoryTarget {
  return new EngineTarget(options);
}

interface Socket {
  readonly instance: number;
  readonly local: number;
  readonly frames: SeenFrame[];
  /** What was sent while it was deaf. */
  readonly unread: string[];
  closeCode: number | undefined;
  pings: number;
  deaf: boolean;
  mute: boolean;
}

class EngineTarget implements MemoryTarget {
  readonly facts: TargetFacts;
  private readonly config: ProxyConfig;
  /** Whose tokens are good; the proxies look here each time. */
  private readonly accounts: Map<string, AccountId>;
  private readonly store: Store;
  private readonly proxies: readonly SyncProxy[];
  private readonly border: Border;
  private readonly timeline = new Timeline(START_MS);
  private readonly sink = new PushSink();
  private readonly sockets: Socket[] = [];
  private readonly order: Prng;
  private turn = 0;

  constructor({ config, parts = REFERENCE, instances = 1, seed = 1 }: EngineTargetOptions) {
    const [first] = config.accounts.values();
    assert(first !== undefined, "a target has accounts");
    this.accounts = new Map([...config.accounts, [REVOCABLE, first]]);
    this.config = { ...config, accounts: this.accounts };
    this.store = parts.store();
    this.proxies = Array.from({ length: instances }, () => parts.proxy(this.config, this.store));
    this.border = { readHttp, readUpgrade, writeHttp, isGenuine, ...parts.border };
    this.order = stream(seed, "arrival");
    this.facts = this.introduce();
  }

  perform<E extends Effect>(effect: E): EffectResult[E["effect"]] {
    return this.carryOut(effect) as EffectResult[E["effect"]];
  }

  private carryOut(effect: Effect): EffectResult[Effect["effect"]] {
    switch (effect.effect) {
      case "send":
        return this.send(effect.requests);
      case "open":
        return this.open(effect.request);
      case "watch": {
        const view = this.socket(effect.socket);
        const done = () => view.closeCode !== undefined || effect.until(view);
        this.timeline.runUntil(done, effect.withinMs);
        return view satisfies SocketView;
      }
      case "say":
        return this.say(effect.socket, effect.text);
      case "close":
        return this.closeSocket(effect.socket);
      case "impair":
        return this.impair(effect.socket, effect.how);
      case "pushes":
        this.timeline.runUntil(() => effect.until(this.sink.view), effect.withinMs);
        return this.sink.view;
      case "push_mode":
        this.sink.mode = effect.mode;
        return undefined;
      case "wait":
        this.timeline.runUntil(() => false, effect.ms);
        return undefined;
      case "now":
        return this.timeline.nowMs;
      case "revoke":
        this.accounts.delete(effect.token);
        return undefined;
      case "sign":
        return signatureOf(effect);
      default:
        return assertNever(effect);
    }
  }

  private send(requests: readonly HttpRequest[]): readonly Outcome[] {
    const sentAtMs = this.timeline.nowMs;
    this.timeline.runUntil(() => false, LEG_MS);
    const outcomes: Outcome[] = [];
    for (const at of shuffled(requests.length, this.order)) {
      const answer = heard(this.answer(requests[at] as HttpRequest));
      outcomes[at] = { outcome: "answered", answer, sentAtMs, answeredAtMs: this.timeline.nowMs + LEG_MS };
    }
    this.timeline.runUntil(() => false, LEG_MS);
    return outcomes;
  }

  private answer(http: HttpRequest): WrittenAnswer {
    const instance = this.turn++ % this.proxies.length;
    const proxy = this.proxy(instance);
    const { nowMs } = this.timeline;
    const headers = new Map(Object.entries(http.headers));
    const answer =
      this.config.webhooks && http.method === "POST" && http.path === WEBHOOK_PATH
        ? answerWebhook(proxy, headers, http.body ?? "", nowMs, this.border.isGenuine)
        : proxy.answer(
            this.border.readHttp({ ...http, headers, body: http.body }, this.config.limits.bodyBytesMax),
            nowMs,
          );
    this.pump(instance);
    return this.border.writeHttp(answer);
  }

  private open({ path, headers }: SocketRequest): Upgrade {
    this.timeline.runUntil(() => false, LEG_MS);
    const instance = this.turn++ % this.proxies.length;
    const subscription = this.border.readUpgrade({ path, headers: new Map(Object.entries(headers)) });
    if (subscription === undefined) return { upgrade: "refused", status: 404, text: "" };
    const local = this.proxy(instance).openSocket(subscription, this.timeline.nowMs);
    if (local === undefined) return { upgrade: "refused", status: 401, text: "" };
    const socket = {
      instance,
      local,
      frames: [],
      unread: [],
      closeCode: undefined,
      pings: 0,
      deaf: false,
      mute: false,
    };
    this.sockets.push(socket);
    this.pump(instance);
    return { upgrade: "open", socket: this.sockets.length - 1 };
  }

  private say(socket: number, text: string): undefined {
    const { instance, local, closeCode } = this.socket(socket);
    if (closeCode !== undefined) return undefined;
    this.proxy(instance).socketText(local, text, this.timeline.nowMs);
    this.pump(instance);
    return undefined;
  }

  private closeSocket(socket: number): undefined {
    const found = this.socket(socket);
    if (found.closeCode !== undefined) return undefined;
    found.closeCode = 1000;
    this.proxy(found.instance).socketClosed(found.local);
    this.pump(found.instance);
    return undefined;
  }

  private impair(at: number, how: "deaf" | "hears" | "mute"): undefined {
    const socket = this.socket(at);
    if (how === "mute") socket.mute = true;
    else socket.deaf = how === "deaf";
    if (how !== "hears") return undefined;
    // What was sent before a close is read before it.
    for (const text of socket.unread.splice(0)) this.hear(socket, text);
    this.pump(socket.instance);
    return undefined;
  }

  /** Carries out what a proxy put out, and sees to it that it is woken when something is due. */
  private pump(instance: number): void {
    const proxy = this.proxy(instance);
    for (const output of proxy.takeOutputs()) this.take(instance, output);
    const dueMs = proxy.nextTickAtMs();
    if (dueMs === undefined) return;
    this.timeline.wake(instance, Math.max(dueMs, this.timeline.nowMs), () => {
      proxy.tick(this.timeline.nowMs);
      this.pump(instance);
    });
  }

  private take(instance: number, output: ProxyOutput): void {
    const proxy = this.proxy(instance);
    const { nowMs } = this.timeline;
    switch (output.output) {
      case "committed":
        return this.fanOut(instance, output.commit.account);
      case "frame":
        return this.deliver(instance, output.socket, JSON.stringify(output.frame));
      case "ping": {
        const socket = this.find(instance, output.socket);
        if (socket === undefined) return;
        socket.pings++;
        if (!socket.mute && !socket.deaf) proxy.socketPong(socket.local, nowMs);
        return;
      }
      case "close": {
        const socket = this.find(instance, output.socket);
        if (socket === undefined || socket.closeCode !== undefined) return;
        socket.closeCode = output.code;
        return proxy.socketClosed(socket.local);
      }
      case "push_send":
        return this.timeline.at(nowMs + LEG_MS, () => {
          proxy.pushAnswered(output.call, this.sink.send(output.messages, nowMs), this.timeline.nowMs);
          this.pump(instance);
        });
      case "push_receipts":
        return this.timeline.at(nowMs + LEG_MS, () => {
          const receipts = this.sink.receipts(output.tickets);
          proxy.receiptsAnswered(output.call, { result: "answered", receipts }, this.timeline.nowMs);
          this.pump(instance);
        });
      default:
        assertNever(output);
    }
  }

  private deliver(instance: number, local: number, text: string): void {
    const socket = this.find(instance, local);
    if (socket === undefined || socket.closeCode !== undefined) return;
    if (socket.deaf) {
      socket.unread.push(text);
      return;
    }
    this.hear(socket, text);
  }

  private hear(socket: Socket, text: string): void {
    socket.frames.push({ atMs: this.timeline.nowMs, text, json: parsed(text) });
    this.proxy(socket.instance).socketDrained(socket.local, 1);
  }

  private fanOut(instance: number, account: AccountId): void {
    for (const [other, proxy] of this.proxies.entries()) {
      if (other === instance) continue;
      this.timeline.at(this.timeline.nowMs + FAN_OUT_MS, () => {
        proxy.wake(account, this.timeline.nowMs);
        this.pump(other);
      });
    }
  }

  /** What this target says of itself, asked like any other. */
  private introduce(): TargetFacts {
    const [tokenA = "", tokenB = ""] = this.config.accounts.keys();
    const [nameA = "", nameB = ""] = this.config.accounts.values();
    const http = {
      method: "GET",
      path: "/api/sync/capabilities",
      headers: { authorization: `Bearer ${tokenA}` },
    };
    const declared = declaredOf(looseOf(heard(this.answer(http)).json).data);
    return {
      declared,
      accounts: [
        { name: nameA, token: tokenA },
        { name: nameB, token: tokenB },
      ],
      revision: /^rev_\d{10}_[0-9a-z]{6,}$/,
      ordered: true,
      pushSink: true,
      revocable: REVOCABLE,
      ...(this.config.webhooks ? { webhookAccounts: [nameA, nameB] as const } : {}),
      roundTripMs: 2 * LEG_MS,
      patienceMs: 200,
      waitMsMax: Number.POSITIVE_INFINITY,
    };
  }

  private proxy(instance: number): SyncProxy {
    const proxy = this.proxies[instance];
    assert(proxy !== undefined, "the instance is there");
    return proxy;
  }

  private socket(socket: number): Socket {
    const found = this.sockets[socket];
    assert(found !== undefined, "the socket was opened");
    return found;
  }

  private find(instance: number, local: number): Socket | undefined {
    return this.sockets.find((socket) => socket.instance === instance && socket.local === local);
  }
}

/** The answer as one who only has its texts hears it. */
function heard({ status, headers, body }: WrittenAnswer): HttpAnswer {
  const text = body ?? "";
  return { status, headers: new Map(Object.entries(headers)), text, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function shuffled(length: number, random: Prng): readonly number[] {
  const order = Array.from({ length }, (_, at) => at);
  for (let at = length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [order[at], order[other]] = [order[other] as number, order[at] as number];
  }
  return order;
}
