/**
 * Owns the seams of a run: where its store, its proxies and its devices come from.
 * Refuses to know of faults. A planted fault hands in other parts, so that the real ones hold no trace of it.
 */

import type { Prng } from "../base/prng.ts";
import type {
  DeviceClock,
  DeviceInput,
  DeviceOutput,
  DeviceSettings,
  ReplicaRecord,
} from "../device/port.ts";
import { createDevice, type Device, replica, step, undecided, waiting } from "../device/step.ts";
import { createProxy } from "../proxy/engine.ts";
import type { writeHttp } from "../proxy/http-answer.ts";
import type { readHttp, readUpgrade } from "../proxy/http-border.ts";
import { createMemoryStore } from "../proxy/memory-store.ts";
import type { ProxyConfig, SyncProxy } from "../proxy/port.ts";
import type { Store } from "../proxy/store.ts";

/** The app as it runs, from its start until it is killed. */
export interface App {
  step(input: DeviceInput, clock: DeviceClock): readonly DeviceOutput[];
  replica(): readonly ReplicaRecord[];
  /** Mutations that are not settled. */
  waiting(): number;
  /** Of them, those that only its user can move on. */
  undecided(): number;
}

/** What a run is made of. */
export interface Parts {
  store(): Store;
  proxy(config: ProxyConfig, store: Store): SyncProxy;
  app(settings: DeviceSettings, random: Prng, firstNumber: number): App;
  /** For targets that are asked in HTTP texts: what is not the reference's own of the border around the proxy. */
  readonly border?: Partial<Border>;
}

/** What stands between HTTP texts and the proxy. */
export interface Border {
  readonly readHttp: typeof readHttp;
  readonly readUpgrade: typeof readUpgrade;
  readonly writeHttp: typeof writeHttp;
  /** [WHK-2] whether a delivery is the backend's: its signatures as they came, the one that is right, and its age. */
  isGenuine(signatures: readonly string[], right: string, ageMs: number): boolean;
}

/** The reference store, proxy and device. */
export const REFERENCE: Parts = {
  store: createMemoryStore,
  proxy: createProxy,
  app: (settings, random, firstNumber) => new ReferenceApp(createDevice(settings, random, firstNumber)),
};

class ReferenceApp implements App {
  private readonly device: Device;

  constructor(device: Device) {
    this.device = device;
  }

  step(input: DeviceInput, clock: DeviceClock): readonly DeviceOutput[] {
    return step(this.device, input, clock);
  }

  replica(): readonly ReplicaRecord[] {
    return replica(this.device);
  }

  waiting(): number {
    return waiting(this.device);
  }

  undecided(): number {
    return undecided(this.device);
  }
}
